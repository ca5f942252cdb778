import Logging
package import SpoolCore
package import SpoolPipeline
import SpoolStore
import Synchronization

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

/// The proof of one stream: determines which part of the window can be compared, and for which sinks.
struct StreamVerification: Sendable {
    let parent: Verification
    let stream: SourceStream
    let request: VerifyRequest
    let record: ProofRecord

    /// Runs the proof; findings, repairs and missing events are stored in the record.
    func run(stop: ShutdownRequest) async throws(VerificationFault) {
        let spool = parent.context.spool
        var found = ProofStream(name: stream.name, kind: stream.kind, filterHash: stream.filterHash)
        guard let id = parent.context.sources.access(to: stream.name)?.id else {
            throw .window(.changed(stream.name))
        }
        let bounds = try await Verification.storing { () async throws(StoreError) in
            try await spool.proofBounds(of: id)
        }
        guard let window = window(bounds, &found) else {
            return try await Verification.storing { [found] () async throws(StoreError) in
                try await record.keep(found)
            }
        }
        found.compared = TimeWindow(from: window.lowerBound, to: window.upperBound)
        let all = try await Verification.storing { () async throws(StoreError) in
            try await spool.proofTargets(of: id)
        }
        let targets = all.filter { request.sinks?.contains($0.name.text) ?? true }
        found.notTaken = (request.sinks ?? []).filter { name in !all.contains { $0.name.text == name } }
        let scratch = try await Verification.storing { () async throws(StoreError) in
            try await spool.proofScratch(of: id, window, targets)
        }
        defer { scratch.close() }
        let comparison = StreamComparison(
            parent: parent,
            stream: stream,
            id: id,
            window: window,
            targets: targets,
            scratch: scratch,
            record: record,
            stop: stop
        )
        try await comparison.run(found, repair: request.repair)
    }

    /// The comparable window: from the stream's start to `swept_to`; an audit's window ends at `swept_to`.
    private func window(_ bounds: ProofBounds, _ found: inout ProofStream) -> Range<Timestamp>? {
        guard let start = bounds.start, let sweptTo = bounds.sweptTo else {
            found.tooEarlyFrom = request.from
            return nil
        }
        var asked = (from: request.from, to: request.to)
        if let audit = parent.audit {
            asked = (audit.from(sweptTo, of: stream.name.description), sweptTo)
        } else {
            if asked.to > sweptTo { found.tooEarlyFrom = max(asked.from, sweptTo) }
            if asked.from < start { found.start = start }
        }
        let (from, to) = (max(asked.from, start), min(asked.to, sweptTo))
        return from < to ? from..<to : nil
    }
}

/// The dependencies of a proof: the spool, the sources, and the signals of the other loops.
struct ProofContext: Sendable {
    let spool: Spool
    let sources: SourceRegistry
    let crashes: SharedPoisonGuard
    let time: Clocks
    /// Notified when a page was spooled.
    let appended: ChangeSignal
    /// Notified when a sweep has ended.
    let swept: ChangeSignal
    /// Notified when replays have changed.
    let lanesChanged: ChangeSignal
    let proofs: ProofSignals
    let logger: Logger

    /// A reader of a whole window of one stream, independent of its fetch loop and within its tenant's
    /// budget.
    ///
    /// Requires that `Engine.apply` has run, or `sources.apply` if no loops are needed.
    func windowReader(of stream: StreamName, timeout: Duration? = nil) async throws(StoreError)
        -> WindowReader
    {
        sources.windowReader(of: stream, crashes: try await crashes.watch(), timeout: timeout)
    }

    /// Creates the appender that spools the pages of such a window; nil if the stream is not configured.
    func pageAppender(of stream: StreamName) -> PageAppender? {
        sources.access(to: stream).map {
            PageAppender(
                $0,
                store: spool,
                time: time,
                appended: appended,
                bell: sources.bell(of: stream),
                logger: logger
            )
        }
    }

    /// Makes the delivery loops of these sinks prove what they have settled so far, and waits until their
    /// connections have ended, at most for as long as a receiver may take to close one.
    ///
    /// The comparison reports what is still pending, or has become doubtful, afterwards.
    func proveDelivered(to sinks: [SinkID], stop: ShutdownRequest) async throws(StoreError) {
        let pending = try await spool.pendingConnections(of: sinks)
        guard !pending.isEmpty else { return }
        proofs.wanted.notify()
        let deadline = time.elapsed() + SessionRun.reopenTimeout + .seconds(5)
        while !stop.isAsked, !Task.isCancelled {
            let given = SeenVersion(proofs.given)
            let rest = deadline - time.elapsed()
            guard rest > .zero, try await spool.isAnyOpen(of: pending) else { return }
            await time.wait(rest, or: given, SeenVersion(stop))
        }
    }
}

/// A proof that is stored in the spool while it runs, so that findings and repairs survive an interruption.
final class ProofRecord: Sendable {
    /// The number of missing events that one transaction stores.
    private static let slice = 5_000

    private let spool: Spool
    private let proof: Mutex<Proof>

    init(_ begun: Proof, in spool: Spool) {
        self.spool = spool
        proof = Mutex(begun)
    }

    /// The current state of the proof.
    var now: Proof { proof.withLock { $0 } }

    /// Stores the names of the streams to verify.
    func plan(_ streams: [String]) async throws(StoreError) {
        try await spool.save(changed { $0.planned = streams })
    }

    /// Stores the result for one stream, replacing an earlier one, with its missing events.
    func keep(_ stream: ProofStream, missing: [MissingEvent] = []) async throws(StoreError) {
        let proof = changed { proof in
            if let index = proof.streams.firstIndex(where: { $0.name == stream.name }) {
                proof.streams[index] = stream
            } else {
                proof.streams.append(stream)
            }
        }
        for part in stride(from: 0, to: max(1, missing.count), by: Self.slice) {
            let end = min(missing.count, part + Self.slice)
            try await spool.save(proof, missing: Array(missing[part..<end]))
        }
    }

    /// Stores that the proof is done.
    func end(at now: Timestamp) async throws(StoreError) {
        try await spool.save(
            changed { proof in
                proof.state = .done
                proof.finished = now
            }
        )
    }

    private func changed(_ body: (inout Proof) -> Void) -> Proof {
        proof.withLock { proof in
            body(&proof)
            return proof
        }
    }
}
