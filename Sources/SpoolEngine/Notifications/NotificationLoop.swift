import Logging
import SpoolCore
import SpoolPipeline
import SpoolStore

/// Evaluates the notification rules every few seconds, and raises and clears each notification once.
///
/// Clears only notifications of the rules; others are cleared by the code that raised them.
struct NotificationLoop: Sendable {
    static let interval = Duration.seconds(10)

    let spool: Spool
    let rules: NotificationRules
    let time: Clocks
    /// Notified when notifications were stored as events for a sink.
    let appended: ChangeSignal
    let logger: Logger
    /// Updated at every evaluation.
    var recorder: MetricsRecorder?
    /// A refused reload raises a notification.
    var reloads = Reloads()

    /// Evaluates the rules until `stop` is requested.
    ///
    /// Waits one interval first, so that sources and sinks can make an attempt: a notification that was
    /// active before a restart must not be cleared and raised again.
    func run(stop: ShutdownRequest) async throws(StoreError) {
        var told: Int?
        var reload = SeenVersion(reloads.changed)
        var steps = ClockSteps()
        _ = steps.look(wall: time.wall(), elapsed: time.elapsed())
        var forward = Duration.zero
        while !stop.isAsked {
            await time.wait(Self.interval, or: reload, SeenVersion(stop))
            if stop.isAsked { return }
            reload = SeenVersion(reloads.changed)
            // One clock reading for all steps, so that ages are computed from the same time that is stored.
            let wall = time.wall()
            if let step = steps.look(wall: wall, elapsed: time.elapsed()) {
                forward += max(.zero, step)
                let (word, size) = step > .zero ? ("forward", step) : ("back", .zero - step)
                logger.warning("this machine's clock was set \(word)", metadata: ["by": "\(Age.text(size))"])
            }
            do throws(StoreError) {
                // Must precede every check of an age.
                try await spool.followClock(to: wall, setForwardBy: forward)
                forward = .zero
                try await spool.noteGaps(at: wall)
                try await look(at: wall)
                let now = try await spool.inserted(into: .notifications)
                if now != told { appended.notify() }
                told = now
                try await recorder?.look(at: wall)
            } catch {
                guard error.kind == .full || error.kind == .busy else { throw error }
            }
        }
        try await recorder?.end()
    }

    /// Evaluates the rules once.
    func look() async throws(StoreError) { try await look(at: time.wall()) }

    private func look(at now: Timestamp) async throws(StoreError) {
        let wal = try await spool.walReport(at: now)
        let status = try await spool.status()
        let wanted = rules.wanted(
            status,
            wal: wal,
            pause: spool.pause,
            refusedReload: reloads.refusal,
            at: now
        )
        for notification in wanted where !status.notifications.contains(where: { $0.says(notification) }) {
            guard try await spool.raise(notification, at: now) else { continue }
            logger.log(
                level: notification.severity.logLevel,
                "notification raised",
                metadata: [
                    "code": "\(notification.code)", "subject": "\(notification.subject)",
                    "cause": "\(notification.message)",
                ]
            )
        }
        let ours = status.notifications.filter { RuleCode(rawValue: $0.code) != nil }
        for standing in ours
        where !wanted.contains(where: { standing.isAbout($0) }) && !rules.lasts(standing, status) {
            try await spool.clearNotification(standing.code, subject: standing.subject, at: now)
            logger.notice(
                "notification cleared",
                metadata: ["code": "\(standing.code)", "subject": "\(standing.subject)"]
            )
        }
    }
}

extension SpoolNotification {
    fileprivate func isAbout(_ other: NewNotification) -> Bool {
        code == other.code && subject == other.subject
    }

    fileprivate func says(_ other: NewNotification) -> Bool {
        isAbout(other) && message == other.message && severity == other.severity
    }
}

extension NotificationSeverity {
    fileprivate var logLevel: Logger.Level {
        switch self {
        case .information: .info
        case .warning: .warning
        case .error: .error
        case .critical: .critical
        }
    }
}
