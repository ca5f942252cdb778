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
