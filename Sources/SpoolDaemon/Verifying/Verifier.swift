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
    /// A command asks after its proof several times a second; one that has not for three such pauses has gone.
    static let silence = Duration.seconds(5)
    static let silences = 3
    /// Audits that were ended before their end are told of after so many of their turns.
    static let vain = 2

    private let queue = VerifyQueue()
    private let hasBegun = Mutex(false)

    /// Asks for a proof; it is done when its turn comes, for as long as somebody asks after it (`proof`).
    func start(_ request: VerifyRequest, on engine: Engine) async throws(StoreError) -> Proof {
        guard request.from < request.to else {
            throw StoreError(.invalid, "The window ends (\(request.to)) before it begins (\(request.from)).")
        }
        var proof = try await engine.spool.beginProof(
            request,
            reason: .command,
            version: SpoolVersion.number,
            at: engine.time.wall()
        )
        queue.add(proof, at: engine.time.elapsed())
        proof.step = queue.step(of: proof.id, at: engine.time.elapsed())
        return proof
    }

    /// A proof with what it does just now.
    func proof(_ id: Int64, on engine: Engine) async throws(StoreError) -> Proof {
        let step = queue.step(of: id, at: engine.time.elapsed())
        guard var proof = try await engine.spool.proof(id) else {
            throw StoreError(.invalid, "There is no proof \(id); `select * from proofs` shows all.")
        }
        guard proof.state == .running else { return proof }
        proof.step = step
        if step == nil { proof.endLeft(at: engine.time.wall()) }
        return proof
    }

    /// Ends a proof, or takes it back before its turn; it is as it was when it has ended already.
    func cancel(_ id: Int64, on engine: Engine) async throws(StoreError) -> Proof {
        if var waiting = queue.remove(id) {
            waiting.end(.stopped, cause: VerifyQueue.Ending.cancelled.cause, at: engine.time.wall())
            try await engine.spool.save(waiting)
            return waiting
        }
        queue.end(id, .cancelled)
        return try await proof(id, on: engine)
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
        let isFirst = hasBegun.withLock { hasBegun in
            defer { hasBegun = true }
            return !hasBegun
        }
        let patiently = Patience(time: engine.time, logger: engine.logger)
        if isFirst {
            ProofScratch.removeLeft(beside: engine.spool.path)
            try await patiently("stopping proofs", stop: stop) { () async throws(StoreError) in
                for left in try await engine.spool.stopLeftProofs(at: engine.time.wall())
                where left.reason == .audit {
                    try await self.notify(left, audit, engine)
                }
            }
        }
        if audit.every == nil {
            try await patiently("clearing notifications", stop: stop) { () async throws(StoreError) in
                for code in AuditCode.allCases { try await self.clear(code, engine) }
            }
        }
        let began = engine.time.elapsed()
        while !stop.isAsked {
            let watch = Watch(queue.changed)
            if let job = queue.next(at: engine.time.wall()) {
                try await perform(job, on: engine, audit, stop: stop)
                continue
            }
            let wait = try await patiently("auditing", stop: stop) { () async throws(StoreError) in
                try await self.untilAudit(audit, began: began, engine)
            }
            if wait == .zero {
                let proof = try await patiently("auditing", stop: stop) { () async throws(StoreError) in
                    try await self.beginAudit(audit, engine)
                }
                let job = queue.begin(audit: proof, at: engine.time.wall(), engine.time.elapsed())
                try await perform(job, on: engine, audit, stop: stop)
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
        guard let last = try await engine.spool.lastAuditBegan(at: engine.time.wall()) else {
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

    private func perform(
        _ job: VerifyQueue.Job,
        on engine: Engine,
        _ audit: AuditSettings,
        stop: Stop
    ) async throws(StoreError) {
        let id = job.proof.id
        defer { queue.ended(id) }
        let window = job.proof.reason == .audit ? audit.window : nil
        let ended = await result(of: job, on: engine, window: window, stop: stop)
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
        guard job.proof.reason == .audit else { return }
        try await patiently("notifying", stop: stop) { () async throws(StoreError) in
            try await self.notify(ended, audit, engine)
        }
    }

    /// Makes a proof until its end, until its command has gone, or until something else ends it.
    private func result(of job: VerifyQueue.Job, on engine: Engine, window: Duration?, stop: Stop) async
        -> Proof
    {
        let (id, queue) = (job.proof.id, queue)
        var verification = Verification(engine: engine, isDaemon: true, patience: Self.patience) { step in
            queue.tell(id, step)
        }
        verification.auditWindow = window
        if job.proof.reason == .command, engine.time.elapsed() - job.askedAt >= Self.silence * Self.silences {
            queue.end(id, .commandGone)
        }
        return await withTaskGroup(of: Proof?.self) { [verification] group in
            group.addTask {
                await verification.result(of: job.proof, stop: job.stop) {
                    (queue.ending(of: id) ?? .processEnds).cause
                }
            }
            group.addTask {
                await stop.asked()
                if stop.isAsked { queue.end(id, .processEnds) }
                return nil
            }
            if job.proof.reason == .command {
                group.addTask {
                    await Self.watch(id, in: queue, engine.time)
                    return nil
                }
            }
            var result: Proof?
            for await one in group where one != nil {
                result = one
                group.cancelAll()
            }
            return result ?? job.proof
        }
    }

    /// Ends a proof whose command does not ask after it any more.
    private static func watch(_ id: Int64, in queue: VerifyQueue, _ time: Timekeeper) async {
        var (asked, silent) = (queue.asked(after: id), 0)
        while !Task.isCancelled {
            await time.wait(silence)
            let now = queue.asked(after: id)
            // Several pauses, not one long one: a machine that slept has not let its command ask.
            silent = now == asked ? silent + 1 : 0
            asked = now
            if silent >= silences { return queue.end(id, .commandGone) }
        }
    }

    /// Tells of what an audit has found, also when it was ended before its end: the next one may find it mended.
    private func notify(_ proof: Proof, _ audit: AuditSettings, _ engine: Engine) async throws(StoreError) {
        let cause = proof.error ?? "its cause is not known."
        switch proof.state {
        case .running: return
        case .done: try await clear(.failed, engine)
        case .failed:
            let message = "Audit \(proof.id) could not be done: \(cause) Cleared by the next one that is."
            try await raise(.failed, .warning, message, engine)
        case .stopped:
            // Once is no matter: it begins again. But a daemon may be restarted more often than an audit ends.
            guard let every = audit.every, let since = try await engine.spool.auditsInVainSince(),
                engine.time.wall().since(since) >= every * Self.vain
            else { break }
            let message =
                "No audit has come to its end since \(since). Audit \(proof.id) was ended: \(cause) Cleared by the "
                + "next one that is done."
            try await raise(.failed, .warning, message, engine)
        }
        let notes = AuditNotes(proof)
        for note in notes.raised { try await raise(note.code, note.severity, note.message, engine) }
        for code in notes.cleared { try await clear(code, engine) }
    }

    private func raise(
        _ code: AuditCode,
        _ severity: NotificationSeverity,
        _ message: String,
        _ engine: Engine
    ) async throws(StoreError) {
        try await engine.spool.raise(
            NewNotification(code: code.rawValue, severity: severity, message: message),
            at: engine.time.wall()
        )
    }

    private func clear(_ code: AuditCode, _ engine: Engine) async throws(StoreError) {
        try await engine.spool.clearNotification(code.rawValue, at: engine.time.wall())
    }
}
