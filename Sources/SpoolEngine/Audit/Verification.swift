package import SpoolCore
package import SpoolPipeline
import SpoolStore

/// The reason why a proof did not finish.
enum VerificationFault: Error, Sendable {
    case window(WindowFault)
    case store(StoreError)
    /// A stop was requested.
    case stopped
    /// The source did not respond within the limit; contains the source's error.
    case troubled(String)
    /// The request names a stream or sink that is not configured.
    case wrongUse(String)
}

/// One proof: compares source, spool and ledger stream by stream, and repairs what the request allows.
package struct Verification: Sendable {
    let context: ProofContext
    /// True in the daemon, where fetch loops sweep and delivery loops send.
    let isDaemon: Bool
    /// Set for an audit: how far before `swept_to` each stream is compared.
    var audit: AuditReach?
    /// How long to wait for a source that does not respond.
    let timeout: Duration
    /// Called with the current step.
    let tell: @Sendable (String) -> Void

    /// Verifies all streams of the request; findings and repairs are stored in the record as they happen.
    func run(_ record: ProofRecord, stop: ShutdownRequest) async throws(VerificationFault) {
        let request = record.now.request
        let streams = try self.streams(of: request)
        try checkSinks(of: request)
        try await Self.storing { () async throws(StoreError) in
            try await record.plan(streams.map(\.name.description))
        }
        for stream in streams {
            guard !stop.isAsked else { throw .stopped }
            let one = StreamVerification(parent: self, stream: stream, request: request, record: record)
            try await one.run(stop: stop)
        }
        try await Self.storing { () async throws(StoreError) in try await record.end(at: context.time.wall())
        }
    }

    private func streams(of request: VerifyRequest) throws(VerificationFault) -> [SourceStream] {
        let all = context.sources.streams.sorted { $0.name.description < $1.name.description }
        for name in request.streams ?? [] where !all.contains(where: { $0.name.description == name }) {
            throw .wrongUse(
                "There is no stream \(name); \(Listing.thereAre(all.map(\.name.description)))."
            )
        }
        return all.filter { request.streams?.contains($0.name.description) ?? true }
    }

    private func checkSinks(of request: VerifyRequest) throws(VerificationFault) {
        let all = context.sources.sinks.map(\.text)
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

extension Verification {
    /// Runs a proof and returns it with its final state, even if it fails.
    ///
    /// `cause` returns the reason for the stop, if it was stopped.
    package func result(of proof: Proof, stop: ShutdownRequest, cause: () -> String) async -> Proof {
        let record = ProofRecord(proof, in: context.spool)
        do throws(VerificationFault) {
            try await run(record, stop: stop)
            return record.now
        } catch {
            var ended = record.now
            let now = context.time.wall()
            switch error {
            case .stopped: ended.end(.stopped, cause: cause(), at: now)
            case .window(let fault): ended.end(.failed, cause: fault.description, at: now)
            case .store(let fault): ended.end(.failed, cause: fault.description, at: now)
            case .troubled(let text), .wrongUse(let text): ended.end(.failed, cause: text, at: now)
            }
            return ended
        }
    }
}
