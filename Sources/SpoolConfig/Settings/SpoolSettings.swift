package import SpoolCore

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
