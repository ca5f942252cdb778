import SpoolCore
import SpoolPipeline
import SpoolStore

/// Why a proof came to no end.
enum VerificationFault: Error, Sendable {
    case window(WindowFault)
    case store(StoreError)
    /// It was told to stop.
    case stopped
    /// The source did not answer for longer than it is waited for, in its own words.
    case troubled(String)
    /// The request names what there is not.
    case wrongUse(String)
}

/// One proof: compares source, spool and ledger stream by stream, and mends what it may.
struct Verification: Sendable {
    let engine: Engine
    /// True in the daemon, whose fetch loops sweep and whose delivery loops send.
    let isDaemon: Bool
    /// Set for an audit: each stream is compared over so much before where it has been read twice.
    var auditWindow: Duration?
    /// How long a silent source is waited for.
    let patience: Duration
    /// Told what it does just now.
    let tell: @Sendable (String) -> Void

    /// Runs to the end of the last stream; what is found is kept in the spool stream by stream.
    func run(_ begun: Proof, stop: Stop) async throws(VerificationFault) -> Proof {
        var proof = begun
        let streams = try self.streams(of: proof.request)
        try checkSinks(of: proof.request)
        for stream in streams {
            let one = StreamVerification(parent: self, stream: stream, request: proof.request)
            let (found, missing) = try await one.run(stop: stop)
            proof.streams.append(found)
            try await Self.storing { [proof] () async throws(StoreError) in
                for part in stride(from: 0, to: max(1, missing.count), by: 5_000) {
                    let end = min(missing.count, part + 5_000)
                    try await engine.spool.save(proof, missing: Array(missing[part..<end]))
                }
            }
        }
        proof.state = .done
        proof.finished = engine.time.wall()
        try await Self.storing { [proof] () async throws(StoreError) in try await engine.spool.save(proof) }
        return proof
    }

    private func streams(of request: VerifyRequest) throws(VerificationFault) -> [SourceStream] {
        let all = engine.sources.streams.sorted { $0.name.description < $1.name.description }
        for name in request.streams ?? [] where !all.contains(where: { $0.name.description == name }) {
            throw .wrongUse(
                "There is no stream \(name); \(Listing.thereAre(all.map(\.name.description)))."
            )
        }
        return all.filter { request.streams?.contains($0.name.description) ?? true }
    }

    private func checkSinks(of request: VerifyRequest) throws(VerificationFault) {
        let all = engine.sources.sinks.map(\.text)
        for name in request.sinks ?? [] where !all.contains(name) {
            throw .wrongUse("There is no sink \(name); \(Listing.thereAre(all)).")
        }
    }

    static func storing<Value: Sendable>(_ body: () async throws(StoreError) -> Value)
        async throws(VerificationFault) -> Value
    {
        do throws(StoreError) {
            return try await body()
        } catch {
            throw .store(error)
        }
    }
}
