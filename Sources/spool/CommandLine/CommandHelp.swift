import ArgumentParser

/// Help for a command with a default subcommand (`spool replay --from …`): it includes the options of the
/// default subcommand, which ArgumentParser shows only in the help of that subcommand.
struct CommandHelp {
    let text: String

    /// Nil if the standard help is sufficient; `arguments` are those that follow the program name.
    init?(_ arguments: [String], in root: any ParsableCommand.Type, columns: Int? = nil) {
        guard arguments.contains(where: { ["-h", "--help", "help"].contains($0) }) else { return nil }
        var command = root
        var names: [String] = []
        for word in arguments where !["-h", "--help", "help"].contains(word) {
            guard let next = command.configuration.subcommands.first(where: { $0._commandName == word })
            else {
                return nil
            }
            command = next
            names.append(word)
        }
        guard let usual = command.configuration.defaultSubcommand else { return nil }
        let own = HelpSections(root.helpMessage(for: command, columns: columns))
        let inner = HelpSections(root.helpMessage(for: usual, columns: columns))
        let prefix = "\(root._commandName) \(names.joined(separator: " "))"
        let usage = inner["USAGE"].map {
            $0.replacing("\(prefix) \(usual._commandName)", with: prefix)
        }
        let parts = own.parts.map { title, body in
            switch title {
            case "USAGE":
                return [usage ?? body, "       \(prefix) <subcommand>"].joined(separator: "\n")
            case "OPTIONS": return inner["OPTIONS"] ?? body
            default: return body
            }
        }
        let arguments = inner["ARGUMENTS"].map { [$0] } ?? []
        text = (Array(parts.prefix(2)) + arguments + parts.dropFirst(2)).joined(separator: "\n\n")
    }
}

/// A help text split into its sections, each of which starts with a title in capitals.
private struct HelpSections {
    private(set) var parts: [(title: String, body: String)] = []

    init(_ text: String) {
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            let title = line.prefix { $0 != ":" }
            let isTitle = !title.isEmpty && line.count > title.count && title.allSatisfy { $0.isUppercase }
            if isTitle || parts.isEmpty {
                parts.append((String(title), String(line)))
            } else {
                parts[parts.count - 1].body += "\n" + line
            }
        }
        parts = parts.map { ($0.title, $0.body.trimmingEnd) }
    }

    subscript(title: String) -> String? { parts.first { $0.title == title }?.body }
}
