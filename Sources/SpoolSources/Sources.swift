package import SpoolCore

/// The types of sources, by the `type` in the configuration.
package enum Sources {
    static let defenderCloudApps = "defender-cloud-apps"

    /// Makes a source from an entry of `sources:`; nil after adding every problem with its position.
    ///
    /// No connection is opened: connections and tokens are requested with the first request. `HTTPS_PROXY`
    /// and `NO_PROXY` are looked up in `environment`.
    package static func make(
        from node: ConfigurationNode,
        problems: ConfigurationProblems,
        environment: [String: String]
    ) -> (any Source)? {
        guard case .mapping(let entries) = node.value else {
            problems.add("expected a source, found \(node.kind)", at: node)
            return nil
        }
        guard let type = entries.first(where: { $0.key == "type" })?.value else {
            problems.add("`type` is missing; the only one is `\(defenderCloudApps)`", at: node)
            return nil
        }
        guard case .scalar(defenderCloudApps) = type.value else {
            problems.add("unknown source type; the only one is `\(defenderCloudApps)`", at: type)
            return nil
        }
        return DefenderSettings(node, problems: problems, environment: environment).map { DefenderSource($0) }
    }
}
