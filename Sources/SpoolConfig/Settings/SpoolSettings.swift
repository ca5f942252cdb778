package import SpoolCore

/// The `spool:` group: where the spool lies, and how long and how much it keeps.
package struct SpoolSettings: Sendable, Equatable {
    /// The SQLite file.
    package var path = "/var/lib/spool/spool.db"
    /// Events settled everywhere and older than this are deleted.
    package var retentionAge: Duration = .days(30)
    /// Pages in use, in bytes; at 80 % of it settled events go earlier, at 100 % fetching stops.
    package var maxSize: Int64 = 20 << 30

    package init() {}

    /// Reads the group; nil, with a problem, when it is none.
    package init?(_ node: ConfigurationNode, _ problems: ConfigurationProblems) {
        guard var group = ConfigurationMapping(node, problems: problems) else { return nil }
        let pathNode = group.take("path")
        let retentionNode = group.take("retention")
        group.finish()
        if let pathNode { readPath(pathNode, problems) }
        if let retentionNode { readRetention(retentionNode, problems) }
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
        let ageNode = group.take("age")
        let sizeNode = group.take("max_size")
        group.finish()
        retentionAge = ageNode?.duration(in: .hours(1) ... .days(3_650), problems) ?? retentionAge
        maxSize = sizeNode?.byteSize(in: (1 << 20)...(1 << 50), problems) ?? maxSize
    }
}
