import SpoolCore
import SpoolFormats

/// The `cef:` group.
struct CEFSettings {
    private(set) var agentVersion = CEFProfile.lastAgentVersion
    private(set) var emptyPairs = true
    private(set) var alertRT = true
    private let node: ConfigurationNode?
    private var agentNodes: [ConfigurationNode] = []

    init(_ node: ConfigurationNode?, _ problems: ConfigurationProblems) {
        self.node = node
        guard let node, var group = ConfigurationMapping(node, problems: problems) else { return }
        if let version = group.take("agent_version") {
            agentVersion = Self.version(version, problems) ?? agentVersion
        }
        if let pairs = group.take("empty_pairs") {
            agentNodes.append(pairs)
            emptyPairs = pairs.boolean(problems) ?? true
        }
        if let rt = group.take("alert_rt") {
            agentNodes.append(rt)
            alertRT = rt.boolean(problems) ?? true
        }
        group.finish()
    }

    /// Adds a problem when the group, or one of its keys, does not apply to the format.
    func check(for format: String, isAgent: Bool, _ problems: ConfigurationProblems) {
        if let node, format == "json" {
            problems.add("`cef` applies to the formats `cef-agent` and `cef`, not to `json`", at: node)
        } else if !isAgent {
            for node in agentNodes {
                problems.add("this key applies only to `format: cef-agent`, not to `cef`", at: node)
            }
        }
    }

    /// At most 31 characters, as defined by the CEF schema, and none that would end the line.
    private static func version(_ node: ConfigurationNode, _ problems: ConfigurationProblems) -> String? {
        guard let text = node.text(problems) else { return nil }
        let isVersion =
            (1...31).contains(text.count)
            && text.unicodeScalars.allSatisfy { (32...126).contains($0.value) }
        if isVersion { return text }
        problems.add("expected a version of 1 to 31 visible ASCII characters", at: node)
        return nil
    }
}
