package import SpoolCore

/// An item of `sources` or `sinks`, not yet read but for its name and type.
package struct ConfiguredPart: Sendable {
    /// Its name; nil when it has none, or a wrong one.
    package let name: String?
    /// Its type as written; nil when it has none.
    package let type: String?
    /// All of it, `name` and `type` included.
    package let node: ConfigurationNode

    /// The items of a list, with problems for names that are malformed or used twice.
    ///
    /// A name that is missing is left to the part's own reading, which requires it.
    package static func list(_ node: ConfigurationNode, _ problems: ConfigurationProblems) -> [ConfiguredPart]
    {
        var lines: [String: Int] = [:]
        return (node.list(problems) ?? []).map { item in
            let nameNode = item.entry("name")
            let name = nameNode?.name(problems)
            if let nameNode, let name, let line = lines.updateValue(nameNode.line, forKey: name) {
                problems.add("the name `\(name)` is already used in line \(line)", at: nameNode)
            }
            var type: String?
            if case .scalar(let text)? = item.entry("type")?.value { type = text }
            return ConfiguredPart(name: name, type: type, node: item)
        }
    }
}

extension ConfigurationNode {
    /// The value of a key, not taken; nil when there is none, or it is empty.
    fileprivate func entry(_ key: String) -> ConfigurationNode? {
        guard case .mapping(let entries) = value else { return nil }
        let value = entries.first { $0.key == key }?.value
        if case .null? = value?.value { return nil }
        return value
    }
}
