package import SpoolCore

/// The `notifications:` group: the notification thresholds, and when the daemon shuts down because of errors.
package struct NotificationSettings: Sendable, Equatable {
    /// A sink that is down for longer than this is in the state `connection error`.
    package var connectionErrorAfter: Duration = .hours(2)
    /// A sink that is down for longer than this is `disconnected`.
    package var disconnectedAfter: Duration = .hours(12)
    /// A stream of activities without a new record for longer than this raises a notification although polls
    /// succeed; nil: never.
    package var silentAfter: Duration? = .days(3)
    /// A stream that is not read for longer than this, and for more than four of its polls, has a gap.
    package var gapAfter: Duration = .minutes(5)
    /// The daemon exits after this many failed attempts in a row to reach one stream or sink; nil: never.
    package var tooManyCriticalErrors: Int?

    package init() {}

    /// Reads the group; nil, after adding a problem, when the node is not a group.
    package init?(_ node: ConfigurationNode, _ problems: ConfigurationProblems) {
        guard var group = ConfigurationMapping(node, problems: problems) else { return nil }
        let range = Duration.seconds(1) ... .days(365)
        let errorNode = group.take("connection_error_after")
        let disconnectedNode = group.take("disconnected_after")
        let silentNode = group.take("silent_after")
        gapAfter = group.duration("gap_after", in: range, default: gapAfter)
        let manyNode = group.take("too_many_critical_errors")
        group.finish()
        connectionErrorAfter = errorNode?.duration(in: range, problems) ?? connectionErrorAfter
        disconnectedAfter = disconnectedNode?.duration(in: range, problems) ?? disconnectedAfter
        if disconnectedAfter < connectionErrorAfter {
            problems.add(
                "`disconnected_after` (\(Age.text(disconnectedAfter))) must not be shorter than "
                    + "`connection_error_after` (\(Age.text(connectionErrorAfter)))",
                at: disconnectedNode ?? errorNode ?? node
            )
        }
        if let silentNode {
            silentAfter = silentNode.isNever ? nil : silentNode.duration(in: range, problems) ?? silentAfter
        }
        if let manyNode, !manyNode.isNever {
            tooManyCriticalErrors = manyNode.integer(in: 1...1_000_000, problems)
        }
    }
}

extension ConfigurationNode {
    fileprivate var isNever: Bool { if case .scalar("never") = value { true } else { false } }
}
