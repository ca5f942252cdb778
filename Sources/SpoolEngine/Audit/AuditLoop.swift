import Logging
import SpoolConfig
package import SpoolCore
import SpoolPipeline
import SpoolStore
import Synchronization

/// Runs the daemon's proofs one at a time: those requested by commands, and the daemon's own audits.
package final class AuditLoop: Sendable {
    /// The first audit starts at the latest this long after the daemon.
    static let first = Duration.hours(1)
    /// How long an audit waits for a source that does not respond.
    static let timeout = Duration.hours(1)
    /// A command polls its proof several times per second; one that has not polled during `silences` such
    /// pauses is considered terminated.
    static let silence = Duration.seconds(5)
    static let silences = 3
    /// Audits that are stopped before they finish are reported after this many intervals.
    static let vain = 2

    private let context: ProofContext
    private let queue = ProofQueue()
    private let hasBegun = Mutex(false)

    init(_ context: ProofContext) { self.context = context }

    /// Queues a proof; it runs when its turn comes, as long as its command keeps polling it (`proof`).
    ///
    /// - Throws: `.invalid` for an empty window; `.busy` when `ProofQueue.limit` proofs wait already.
    package func start(_ request: VerifyRequest) async throws(StoreError) -> Proof {
        guard request.from < request.to else {
            throw StoreError(.invalid, "The window ends (\(request.to)) before it begins (\(request.from)).")
        }
        guard !queue.isFull else {
            throw StoreError(
                .busy,
                "\(ProofQueue.limit) proofs are waiting already. Run `spool verify` again when some have ended; "
                    + "`select * from proofs` shows them."
            )
        }
        var proof = try await context.spool.beginProof(
            request,
            reason: .command,
            version: ProgramVersion.number,
            at: context.time.wall()
        )
        queue.add(proof, at: context.time.elapsed())
        proof.step = queue.step(of: proof.id, at: context.time.elapsed())
        return proof
    }

    /// A proof with its current step; counts as a poll by its command.
    package func proof(_ id: Int64) async throws(StoreError) -> Proof {
        let step = queue.step(of: id, at: context.time.elapsed())
        guard var proof = try await context.spool.proof(id) else {
            throw StoreError(.invalid, "There is no proof \(id); `select * from proofs` shows all.")
        }
        guard proof.state == .running else { return proof }
        proof.step = step
        if step == nil { proof.endLeft(at: context.time.wall()) }
        return proof
    }

    /// Stops a running proof or removes a queued one; a finished proof is returned unchanged.
    package func cancel(_ id: Int64) async throws(StoreError) -> Proof {
        if var waiting = queue.remove(id) {
            waiting.end(.stopped, cause: ProofQueue.Ending.cancelled.cause, at: context.time.wall())
            try await context.spool.save(waiting)
            return waiting
        }
        queue.end(id, .cancelled)
        return try await proof(id)
    }

    /// Runs requested proofs, and audits when they are due, until `stop` is requested.
    func run(audit: AuditSettings, stop: ShutdownRequest) async throws(StoreError) {
        do throws(StoreError) {
            try await work(audit: audit, stop: stop)
        } catch {
            // On shutdown, a full or busy disk is not an error.
            guard error.kind == .full || error.kind == .busy, stop.isAsked else { throw error }
        }
    }

    private func work(audit: AuditSettings, stop: ShutdownRequest) async throws(StoreError) {
        let isFirst = hasBegun.withLock { hasBegun in
            defer { hasBegun = true }
            return !hasBegun
        }
        let retry = StoreRetry(time: context.time, logger: context.logger)
        if isFirst {
            ProofScratch.removeLeft(beside: context.spool.path)
            try await retry("stopping proofs", stop: stop) { () async throws(StoreError) in
                for left in try await context.spool.stopLeftProofs(at: context.time.wall())
                where left.reason == .audit {
                    try await self.notify(left, audit)
                }
            }
        }
        if audit.every == nil {
            try await retry("clearing notifications", stop: stop) { () async throws(StoreError) in
                // Disabling audits does not clear a finding; only a proof does.
                for code in AuditCode.allCases where code != .missing { try await self.clear(code) }
            }
        }
        let began = context.time.elapsed()
        while !stop.isAsked {
            let watch = SeenVersion(queue.changed)
            if let job = queue.next(at: context.time.wall()) {
                try await perform(job, audit, stop: stop)
                continue
            }
            let wait = try await retry("auditing", stop: stop) { () async throws(StoreError) in
                try await self.untilAudit(audit, began: began)
            }
            if wait == .zero {
                let proof = try await retry("auditing", stop: stop) { () async throws(StoreError) in
                    try await self.beginAudit(audit)
                }
                let job = queue.begin(audit: proof, at: context.time.wall(), context.time.elapsed())
                try await perform(job, audit, stop: stop)
            } else {
                await context.time.wait(wait, or: watch, SeenVersion(stop))
            }
        }
    }

    /// The time until the next audit is due; nil if audits are off.
    private func untilAudit(_ audit: AuditSettings, began: Duration) async throws(StoreError) -> Duration? {
        guard let every = audit.every else { return nil }
        guard let last = try await context.spool.lastAuditBegan(at: context.time.wall()) else {
            return max(.zero, began + min(every, Self.first) - context.time.elapsed())
        }
        return min(max(.zero, (last + every).since(context.time.wall())), every)
    }

    private func beginAudit(_ audit: AuditSettings) async throws(StoreError) -> Proof {
        var end: Timestamp?
        for stream in context.sources.streams {
            guard let id = context.sources.access(to: stream.name)?.id else { continue }
            end = [end, try await context.spool.proofBounds(of: id).sweptTo].compactMap { $0 }.max()
        }
        let to = end ?? context.time.wall()
        let reach = AuditReach(try await context.spool.openFindings(), window: audit.window)
        return try await context.spool.beginProof(
            VerifyRequest(from: reach.from(to), to: to, repair: .fetch),
            reason: .audit,
            version: ProgramVersion.number,
            at: context.time.wall()
        )
    }

    private func perform(
        _ job: ProofQueue.Job,
        _ audit: AuditSettings,
        stop: ShutdownRequest
    ) async throws(StoreError) {
        let id = job.proof.id
        defer { queue.finish(id) }
        let retry = StoreRetry(time: context.time, logger: context.logger)
        let reach = try await retry("auditing", stop: stop) { () async throws(StoreError) in
            job.proof.reason == .audit
                ? AuditReach(try await context.spool.openFindings(), window: audit.window) : nil
        }
        let ended = await result(of: job, reach: reach, stop: stop)
        try await retry("saving a proof", stop: stop) { () async throws(StoreError) in
            try await context.spool.save(ended)
        }
        context.logger.notice(
            "proof ended",
            metadata: [
                "proof": "\(id)", "state": "\(ended.state.rawValue)", "events": "\(ended.events)",
                "missing": "\(ended.missing)", "cause": "\(ended.error ?? "-")",
            ]
        )
        try await retry("notifying", stop: stop) { () async throws(StoreError) in
            if job.proof.reason == .audit {
                try await self.notify(ended, audit)
            } else {
                try await self.tell(ended)
            }
        }
    }

    /// Runs a proof until it finishes, its command has exited, or it is stopped for another reason.
    private func result(of job: ProofQueue.Job, reach: AuditReach?, stop: ShutdownRequest) async
        -> Proof
    {
        let (id, queue) = (job.proof.id, queue)
        var verification = Verification(context: context, isDaemon: true, timeout: Self.timeout) { step in
            queue.tell(id, step)
        }
        verification.audit = reach
        if job.proof.reason == .command, context.time.elapsed() - job.askedAt >= Self.silence * Self.silences
        {
            queue.end(id, .commandGone)
        }
        return await withTaskGroup(of: Proof?.self) { [verification, context] group in
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
                    await Self.watch(id, in: queue, context.time)
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

    /// Stops a proof whose command no longer polls it.
    private static func watch(_ id: Int64, in queue: ProofQueue, _ time: Clocks) async {
        var (asked, silent) = (queue.polls(of: id), 0)
        while !Task.isCancelled {
            await time.wait(silence)
            let now = queue.polls(of: id)
            // Several pauses instead of one long one: after a suspend of the host, the command had no chance
            // to poll.
            silent = now == asked ? silent + 1 : 0
            asked = now
            if silent >= silences { return queue.end(id, .commandGone) }
        }
    }

    /// Raises the notifications of an audit, even if it was stopped early: the next audit may find the loss
    /// already repaired.
    private func notify(_ proof: Proof, _ audit: AuditSettings) async throws(StoreError) {
        let cause = proof.error ?? "the cause is unknown."
        switch proof.state {
        case .running: return
        case .done: try await clear(.failed)
        case .failed:
            let message = "Audit \(proof.id) failed: \(cause) Cleared by the next audit that completes."
            try await raise(.failed, .warning, message)
        case .stopped:
            // A single stop needs no notification, because the audit starts again. But a daemon may be
            // restarted so often that no audit finishes.
            guard let every = audit.every, let since = try await context.spool.auditsInVainSince(),
                context.time.wall().since(since) >= every * Self.vain
            else { break }
            let message =
                "No audit has completed since \(since). Audit \(proof.id) was stopped: \(cause) "
                + "Cleared by the next audit that completes."
            try await raise(.failed, .warning, message)
        }
        try await tell(proof)
    }

    /// Raises and clears the notifications of findings.
    private func tell(_ proof: Proof) async throws(StoreError) {
        let notes = AuditNotes(proof, open: try await context.spool.openFindings())
        // The findings are stored first, so that after a crash in between no cleared finding counts as open.
        try await context.spool.moveFindings(
            opened: notes.raised.contains { $0.code == .missing } ? proof.id : nil,
            closed: notes.closed
        )
        for note in notes.raised { try await raise(note.code, note.severity, note.message) }
        for code in notes.cleared { try await clear(code) }
    }

    private func raise(
        _ code: AuditCode,
        _ severity: NotificationSeverity,
        _ message: String
    ) async throws(StoreError) {
        try await context.spool.raise(
            NewNotification(code: code.rawValue, severity: severity, message: message),
            at: context.time.wall()
        )
    }

    private func clear(_ code: AuditCode) async throws(StoreError) {
        try await context.spool.clearNotification(code.rawValue, at: context.time.wall())
    }
}

/// How far back an audit compares: `audit.window`, or as far as an open finding, up to twice that window.
///
/// The interval between audits is shorter than their window, so the next one would compare only a part of
/// what the last one reported.
struct AuditReach: Sendable {
    private let window: Duration
    /// The starts of the reported windows, with the stream.
    private let reported: [(stream: String, from: Timestamp)]

    init(_ open: [Proof], window: Duration) {
        self.window = window
        reported = open.flatMap { finding in
            finding.streams.filter { $0.missing > 0 }.map { ($0.name, $0.reported(by: finding).from) }
        }
    }

    /// The start of an audit of a stream that ends at the given time; without a stream, the earliest of all
    /// streams.
    func from(_ end: Timestamp, of stream: String? = nil) -> Timestamp {
        let within = reported.filter { stream == nil || $0.stream == stream }.map(\.from)
            .filter { $0 >= end - window * 2 }
        return min(end - window, within.min() ?? end)
    }
}
