package import SpoolConfig
package import SpoolCore
package import SpoolStore

/// The state of a sink in the retired agent's words, and the notifications about it.
package enum SinkCondition {
    /// The state that `status` shows: `created`, `connected`, `doubtful`, `retrying`, `connection error`,
    /// `disconnected`, `held`, `disabled`.
    ///
    /// A sink that connects but settles nothing also counts as down. A connected sink is `doubtful` if the
    /// way its connections end suggests that the receiver does not read what it accepts.
    package static func of(_ sink: SpoolStatus.Sink, _ settings: NotificationSettings, at now: Timestamp)
        -> String
    {
        let isDoubtful = sink.state == .connected && sink.cuts == 0 && sink.suspicion != nil
        guard let down = down(sink, at: now) else { return isDoubtful ? "doubtful" : sink.state.rawValue }
        if down > settings.disconnectedAfter { return "disconnected" }
        if down > settings.connectionErrorAfter { return "connection error" }
        if isDoubtful { return "doubtful" }
        return sink.state == .connected && sink.cuts == 0 ? "connected" : "retrying"
    }

    /// The notifications about a sink with a problem; one outage can have several.
    static func notifications(
        _ sink: SpoolStatus.Sink,
        _ settings: NotificationSettings,
        at now: Timestamp
    ) -> [(RuleCode, NotificationSeverity, String)] {
        let cause = sink.lastError ?? "the cause is unknown"
        if sink.state == .held {
            // A subscription without `start` has its own notification, `Sink needs start`.
            let isWaiting = sink.subscriptions.contains { $0.state == "held" } && sink.troubleSince == nil
            return isWaiting
                ? [] : [(.sinkHeld, .error, "Nothing is sent to it and its events are kept: \(cause)")]
        }
        let doubts = sink.suspicion.map { [(RuleCode.unproved, NotificationSeverity.error, $0)] } ?? []
        return doubts + ofOutage(sink, settings, cause: cause, at: now)
    }

    private static func ofOutage(
        _ sink: SpoolStatus.Sink,
        _ settings: NotificationSettings,
        cause: String,
        at now: Timestamp
    ) -> [(RuleCode, NotificationSeverity, String)] {
        guard let down = down(sink, at: now) else { return [] }
        let isLong = down > settings.connectionErrorAfter
        let isPager =
            !sink.subscriptions.isEmpty && sink.subscriptions.allSatisfy { $0.stream == .notifications }
        if isPager {
            guard isLong else { return [] }
            return [
                (
                    .notificationError, .error,
                    "No notification could be delivered for \(Age.text(down)): \(cause)"
                )
            ]
        }
        var found: [(RuleCode, NotificationSeverity, String)] = []
        if sink.cuts > 0 {
            found.append((.sendError, .error, "Events are sent to it, but none is settled: \(cause)"))
        } else if isLong {
            found.append((.connectionError, .error, "No connection for \(Age.text(down)): \(cause)"))
        }
        if down > settings.disconnectedAfter {
            found.append((.agentError, .critical, "Disconnected for \(Age.text(down)): \(cause)"))
        }
        return found
    }

    /// How long nothing could be settled; nil if the sink works, is held or is disabled.
    private static func down(_ sink: SpoolStatus.Sink, at now: Timestamp) -> Duration? {
        guard sink.state == .retrying || sink.state == .connected, let since = sink.troubleSince else {
            return nil
        }
        return now.since(since)
    }
}
