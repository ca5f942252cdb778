import Logging
import SpoolConfig
import SpoolCore
import SpoolPipeline
import SpoolStore
import Synchronization

/// The daemon's proofs: those that commands ask for, and its own audits, one after the other.
final class Verifier: Sendable {
    /// A first audit does not wait for longer.
    static let first = Duration.hours(1)
    /// So long a source that does not answer is waited for.
    static let patience = Duration.hours(1)

    private struct State {
        var pending: [Proof] = []
        var steps: [Int64: String] = [:]
        var hasBegun = false
    }

    private let state = Mutex(State())
    private let changed = Signal()

    /// Asks for a proof; it is done when its turn comes.
    func start(_ request: VerifyRequest, on engine: Engine) async throws(StoreError) -> Proof {
        guard request.from < request.to else {
            throw StoreError(.invalid, "The window ends (\(request.to)) before it begins (\(request.from)).")
        }
        let proof = try await engine.spool.beginProof(
            request,
            reason: .command,
            version: SpoolVersion.number,
            at: engine.time.wall()
        )
        state.withLock { state in
            state.pending.append(proof)
            state.steps[proof.id] = "waiting for its turn"
        }
        changed.notify()
        return proof
    }

    /// A proof with what it does just now.
    func proof(_ id: Int64, of spool: Spool) async throws(StoreError) -> Proof {
        guard var proof = try await spool.proof(id) else {
            throw StoreError(.invalid, "There is no proof \(id); `select * from proofs` shows all.")
        }
        proof.step = state.withLock { $0.steps[id] }
        return proof
    }

    /// Does what is asked for, and audits when they are due, until `stop` is asked for.
    func run(on engine: Engine, audit: AuditSettings, stop: Stop) async throws(StoreError) {
        do throws(StoreError) {
            try await work(on: engine, audit: audit, stop: stop)
        } catch {
            // Told to stop, it does not wait for the disk.
            guard error.kind == .full || error.kind == .busy, stop.isAsked else { throw error }
        }
    }

    private func work(on engine: Engine, audit: AuditSettings, stop: Stop) async throws(StoreError) {
        let isFirst = state.withLock { state in
            defer { state.hasBegun = true }
            return !state.hasBegun
        }
        let patiently = Patience(time: engine.time, logger: engine.logger)
        if isFirst {
            try await patiently("stopping proofs", stop: stop) { () async throws(StoreError) in
                try await engine.spool.stopLeftProofs(at: engine.time.wall())
            }
        }
        if audit.every == nil {
            try await patiently("clearing notifications", stop: stop) { () async throws(StoreError) in
                try await self.clear("Proof found missing events", engine)
                try await self.clear("Proof failed", engine)
            }
        }
        let began = engine.time.elapsed()
        while !stop.isAsked {
            let watch = Watch(changed)
            if let proof = state.withLock({ $0.pending.isEmpty ? nil : $0.pending.removeFirst() }) {
                try await perform(proof, on: engine, window: nil, stop: stop)
                continue
            }
            let wait = try await patiently("auditing", stop: stop) { () async throws(StoreError) in
                try await self.untilAudit(audit, began: began, engine)
            }
            if wait == .zero {
                let proof = try await patiently("auditing", stop: stop) { () async throws(StoreError) in
                    try await self.beginAudit(audit, engine)
                }
                try await perform(proof, on: engine, window: audit.window, stop: stop)
            } else {
                await engine.time.wait(wait, or: watch, Watch(stop))
            }
        }
    }

    /// How long until an audit is due; nil when there are none.
    private func untilAudit(_ audit: AuditSettings, began: Duration, _ engine: Engine)
        async throws(StoreError) -> Duration?
    {
        guard let every = audit.every else { return nil }
        guard let last = try await engine.spool.lastAuditBegan() else {
            return max(.zero, began + min(every, Self.first) - engine.time.elapsed())
        }
        return min(max(.zero, (last + every).since(engine.time.wall())), every)
    }

    private func beginAudit(_ audit: AuditSettings, _ engine: Engine) async throws(StoreError) -> Proof {
        var end: Timestamp?
        for stream in engine.sources.streams {
            guard let id = engine.sources.access(to: stream.name)?.id else { continue }
            end = [end, try await engine.spool.proofBounds(of: id).sweptTo].compactMap { $0 }.max()
        }
        let to = end ?? engine.time.wall()
        return try await engine.spool.beginProof(
            VerifyRequest(from: to - audit.window, to: to, repair: .fetch),
            reason: .audit,
            version: SpoolVersion.number,
            at: engine.time.wall()
        )
    }

    private func perform(_ proof: Proof, on engine: Engine, window: Duration?, stop: Stop)
        async throws(StoreError)
    {
        let id = proof.id
        var verification = Verification(engine: engine, isDaemon: true, patience: Self.patience) {
            [self] step in state.withLock { $0.steps[id] = step }
        }
        verification.auditWindow = window
        let ended = await verification.result(of: proof, stop: stop)
        state.withLock { $0.steps[id] = nil }
        let patiently = Patience(time: engine.time, logger: engine.logger)
        try await patiently("keeping a proof", stop: stop) { () async throws(StoreError) in
            try await engine.spool.save(ended)
        }
        engine.logger.notice(
            "proof ended",
            metadata: [
                "proof": "\(id)", "state": "\(ended.state.rawValue)", "events": "\(ended.events)",
                "missing": "\(ended.missing)", "cause": "\(ended.error ?? "-")",
            ]
        )
        guard proof.reason == .audit, ended.state != .stopped else { return }
        try await patiently("notifying", stop: stop) { () async throws(StoreError) in
            try await self.notify(ended, engine)
        }
    }

    private func notify(_ proof: Proof, _ engine: Engine) async throws(StoreError) {
        guard proof.state == .done else {
            let cause = proof.error ?? "its cause is not known"
            let stop = cause.hasSuffix(".") ? "" : "."
            try await engine.spool.raise(
                NewNotification(
                    code: "Proof failed",
                    severity: .warning,
                    message:
                        "Audit \(proof.id) could not be done: \(cause)\(stop) Cleared by the next one that is."
                ),
                at: engine.time.wall()
            )
            return
        }
        try await clear("Proof failed", engine)
        guard let finding = AuditFinding(proof) else {
            return try await clear("Proof found missing events", engine)
        }
        try await engine.spool.raise(
            NewNotification(
                code: "Proof found missing events",
                severity: finding.severity,
                message: finding.message
            ),
            at: engine.time.wall()
        )
    }

    private func clear(_ code: String, _ engine: Engine) async throws(StoreError) {
        try await engine.spool.clearNotification(code, at: engine.time.wall())
    }
}

/// What an operator has to be told of an audit; nil when it is clean.
struct AuditFinding {
    let severity: NotificationSeverity
    let message: String

    init?(_ proof: Proof) {
        guard proof.missing > 0 else { return nil }
        let fetched = proof.streams.reduce(0) { $0 + $1.fetched }
        var parts: [String] = []
        for stream in proof.streams {
            if stream.neverFetched > 0 {
                parts.append(
                    "\(stream.neverFetched) of \(stream.name) had never been fetched, \(stream.fetched) of them are now"
                )
            }
            for sink in stream.sinks where sink.missing > 0 {
                parts.append(
                    "\(sink.missing) of \(stream.name) are not at \(sink.name) (\(sink.unsettled) unsettled, "
                        + "\(sink.deadLetters) dead letters, \(sink.doubtful) doubtful)"
                )
            }
        }
        severity = fetched == proof.missing ? .warning : .error
        message =
            "Audit \(proof.id): " + parts.joined(separator: "; ")
            + ". `select * from proof_missing where proof_id = \(proof.id)` names them; `spool verify --repair` over the "
            + "window mends what a sink misses. Cleared by the next audit that finds nothing."
    }
}

extension Verification {
    /// Runs a proof; whatever becomes of it is in what is returned.
    func result(of proof: Proof, stop: Stop) async -> Proof {
        do throws(VerificationFault) {
            return try await run(proof, stop: stop)
        } catch {
            // What was found before the fault has been kept.
            var ended = (try? await engine.spool.proof(proof.id)) ?? proof
            ended.finished = engine.time.wall()
            ended.state = .failed
            switch error {
            case .stopped: ended.state = .stopped
            case .window(let fault): ended.error = fault.description
            case .store(let fault): ended.error = fault.description
            case .troubled(let text), .wrongUse(let text): ended.error = text
            }
            return ended
        }
    }
}
