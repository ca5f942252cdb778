package import SpoolCore

/// An item of `sources` or `sinks`, of which only the name and type have been read.
package struct ConfiguredPart: Sendable {
    /// Its name; nil when it has none, or an invalid one.
    package let name: String?
    /// Its type as written; nil when it has none.
    package let type: String?
    /// The whole item, including `name` and `type`.
    package let node: ConfigurationNode

    /// The items of a list, with problems for names that are malformed or used twice, and for former names
    /// that two items use.
    ///
    /// Names that differ only in case count as the same. A missing name is reported when the item itself is
    /// read, which requires it.
    package static func list(_ node: ConfigurationNode, _ problems: ConfigurationProblems) -> [ConfiguredPart]
    {
        var names: [String: ConfigurationNode] = [:]
        var formerNames: [String: ConfigurationNode] = [:]
        return (node.list(problems) ?? []).map { item in
            let nameNode = item.entry("name")
            let name = nameNode?.name(problems)
            if let nameNode, let name,
                let first = names.updateValue(nameNode, forKey: ConfigurationName.folded(name))
            {
                problems.add(collision(of: name, with: first), at: nameNode)
            }
            if let former = item.entry("renamed_from"), case .scalar(let text) = former.value,
                let first = formerNames.updateValue(former, forKey: text)
            {
                problems.add(
                    "`renamed_from: \(text)` is already used on line \(first.line); only one can have been "
                        + "named `\(text)`",
                    at: former
                )
            }
            var type: String?
            if case .scalar(let text)? = item.entry("type")?.value { type = text }
            return ConfiguredPart(name: name, type: type, node: item)
        }
    }

    private static func collision(of name: String, with first: ConfigurationNode) -> String {
        if case .scalar(let text) = first.value, text != name {
            return "the name `\(name)` differs only in case from `\(text)` on line \(first.line)"
        }
        return "the name `\(name)` is already used on line \(first.line)"
    }
}

extension ConfigurationNode {
    /// The value of a key, without taking it; nil when it is absent or empty.
    fileprivate func entry(_ key: String) -> ConfigurationNode? {
        guard case .mapping(let entries) = value else { return nil }
        let value = entries.first { $0.key == key }?.value
        if case .null? = value?.value { return nil }
        return value
    }
}

/// Finds values that `spool init` and the installed example leave for the operator to fill in.
///
/// They cause warnings only: such a value can be intended, and nothing is sent to a name that does not exist.
enum Placeholders {
    /// Every such value below a node, in the order of the file.
    static func found(in node: ConfigurationNode) -> [ConfigurationProblem] {
        switch node.value {
        case .null: return []
        case .sequence(let items): return items.flatMap(found)
        case .mapping(let entries):
            return entries.flatMap { entry in
                guard case .scalar(let text) = entry.value.value, let what = missing(text) else {
                    return found(in: entry.value)
                }
                return [
                    ConfigurationProblem(
                        line: entry.value.line,
                        column: entry.value.column,
                        message: "`\(entry.key): \(text)` is a placeholder from the example: enter \(what)"
                    )
                ]
            }
        case .scalar(let text):
            guard let what = missing(text) else { return [] }
            return [
                ConfigurationProblem(
                    line: node.line,
                    column: node.column,
                    message: "`\(text)` is a placeholder from the example: enter \(what)"
                )
            ]
        }
    }

    /// What the operator has to enter instead of a value; nil when the value is not a placeholder.
    private static func missing(_ text: String) -> String? {
        if text == "00000000-0000-0000-0000-000000000000" { return "the id from your app registration" }
        if text.lowercased().contains("contoso.us2.portal.cloudappsecurity.com") {
            return "the address of your portal (Settings > Cloud Apps > About)"
        }
        // A top-level domain that never exists (RFC 2606, section 2).
        let host = text.split(separator: "/").last { $0.contains(".example") } ?? ""
        return host.split(separator: ":").first?.hasSuffix(".example") == true ? "your own host" : nil
    }
}
