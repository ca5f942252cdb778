import SpoolCore

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
