package import SpoolCore

/// The whole configuration file: the settings of the daemon itself, and the nodes of sources and sinks.
///
/// Each source and sink reads its own node; this type reads none of their keys except `name`.
package struct DaemonSettings: Sendable {
    package let spool: SpoolSettings
    package let status: StatusSettings
    package let audit: AuditSettings
    package let notifications: NotificationSettings
    package let sources: [ConfiguredPart]
    package let sinks: [ConfiguredPart]
    /// Values of the example configuration that were left unchanged, each with its position.
    package let placeholders: [ConfigurationProblem]

    /// Reads the top level of the file; nil, after adding a problem, when it is not a group.
    ///
    /// A problem in one group does not prevent the others from being read.
    package init?(_ root: ConfigurationNode, _ problems: ConfigurationProblems) {
        guard var top = ConfigurationMapping(root, problems: problems) else { return nil }
        spool = top.take("spool").flatMap { SpoolSettings($0, problems) } ?? SpoolSettings()
        status = top.take("status").flatMap { StatusSettings($0, problems) } ?? StatusSettings()
        audit = top.take("audit").flatMap { AuditSettings($0, problems) } ?? AuditSettings()
        notifications =
            top.take("notifications").flatMap { NotificationSettings($0, problems) } ?? NotificationSettings()
        let sourcesNode = top.require("sources")
        sources = sourcesNode.map { ConfiguredPart.list($0, problems) } ?? []
        sinks = top.require("sinks").map { ConfiguredPart.list($0, problems) } ?? []
        top.finish()
        placeholders = Placeholders.found(in: root)
        if let sourcesNode, case .sequence(let items) = sourcesNode.value, items.isEmpty {
            problems.add("there must be at least one source", at: sourcesNode)
        }
    }
}

/// The `spool:` group: the spool's path, and its limits of age and size.
package struct SpoolSettings: Sendable, Equatable {
    /// The SQLite file.
    package var path = "/var/lib/spool/spool.db"
    /// Events that every sink has settled and that are older than this are deleted.
    package var retentionAge: Duration = .days(30)
    /// Limit of pages in use, in bytes; at 80 % settled events are deleted earlier, at 100 % fetching pauses.
    package var maxSize: Int64 = 20 << 30

    package init() {}

    /// Reads the group; nil, after adding a problem, when the node is not a group.
    package init?(_ node: ConfigurationNode, _ problems: ConfigurationProblems) {
        guard var group = ConfigurationMapping(node, problems: problems) else { return nil }
        if let path = group.take("path") { readPath(path, problems) }
        if let retention = group.take("retention") { readRetention(retention, problems) }
        group.finish()
    }

    private mutating func readPath(_ node: ConfigurationNode, _ problems: ConfigurationProblems) {
        guard let text = node.text(problems) else { return }
        guard !text.isEmpty, !text.hasSuffix("/"), !text.contains("\0") else {
            problems.add("expected the path of a file, such as `\(path)`, found `\(text)`", at: node)
            return
        }
        path = text
    }

    private mutating func readRetention(_ node: ConfigurationNode, _ problems: ConfigurationProblems) {
        guard var group = ConfigurationMapping(node, problems: problems) else { return }
        retentionAge = group.duration("age", in: .hours(1) ... .days(3_650), default: retentionAge)
        maxSize = group.byteSize("max_size", in: (1 << 20)...(1 << 50), default: maxSize)
        group.finish()
    }
}

/// The `audit:` group: how often the daemon compares source, spool and ledger on its own, and over which
/// window.
package struct AuditSettings: Sendable, Equatable {
    /// Nil (`audit: off`): never.
    package var every: Duration? = .days(1)
    /// How far the window reaches back from the time up to which each stream has been re-read.
    package var window: Duration = .days(2)

    package init() {}

    /// Reads the group, or `off`; nil, after adding a problem, when it is neither.
    package init?(_ node: ConfigurationNode, _ problems: ConfigurationProblems) {
        if case .scalar(let text) = node.value {
            guard ["off", "false", "no"].contains(text) else {
                problems.add("expected `every` and `window`, or `off`, found `\(text)`", at: node)
                return nil
            }
            every = nil
            return
        }
        guard var group = ConfigurationMapping(node, problems: problems) else { return nil }
        every = group.duration("every", in: .minutes(1) ... .days(30), default: .days(1))
        window = group.duration("window", in: .minutes(10) ... .days(180), default: window)
        group.finish()
    }
}

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
