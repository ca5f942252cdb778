import ArgumentParser
import SpoolCore

/// Event ids, and SQL that starts with a comment, may start with `-`: the parser would treat them as options.
///
/// Such words are moved after `--`, where the parser treats everything as arguments.
enum DashArguments {
    private enum Kind { case id, sql }

    /// The commands that accept such words, with the kind of word.
    private static let commands: [(path: [String], kind: Kind)] = [
        (["trace"], .id), (["dead", "show"], .id), (["dead", "requeue"], .id), (["dead", "dismiss"], .id),
        (["query"], .sql),
    ]
    /// The portal's ids are longer than this, and every option of these commands is shorter.
    private static let shortestID = 16

    /// The same arguments in the form that the parser needs.
    static func protected(_ arguments: [String]) -> [String] {
        guard let kind = commands.first(where: { arguments.starts(with: $0.path) })?.kind,
            !arguments.contains("--")
        else { return arguments }
        let isValue = { (word: String) in kind == .sql ? isSQL(word) : isID(word) }
        let values = arguments.filter(isValue)
        return values.isEmpty ? arguments : arguments.filter { !isValue($0) } + ["--"] + values
    }

    /// `-h` is the only short option; a long option has only lowercase letters and dashes before its `=`.
    private static func isID(_ word: String) -> Bool {
        guard word.hasPrefix("-"), word.count > 2 else { return false }
        guard word.hasPrefix("--") else { return true }
        return word.count >= shortestID && !word.contains("=")
            && word.contains { $0.isUppercase || $0.isNumber }
    }

    private static func isSQL(_ word: String) -> Bool {
        guard word.hasPrefix("--"), let third = word.dropFirst(2).first else { return false }
        return !third.isLetter || word.contains("\n")
    }
}

/// A misspelt command, such as `spool quer`.
enum UnknownCommand {
    /// The message for arguments that were rejected; nil if all commands in them are known.
    static func message(_ arguments: [String], in root: any ParsableCommand.Type) -> String? {
        var command = root
        var path = root._commandName
        for word in arguments.first == "help" ? arguments.dropFirst() : arguments[...] {
            let known = command.configuration.subcommands
            guard !known.isEmpty, !word.hasPrefix("-"), word != "help" else { return nil }
            if let next = known.first(where: { $0._commandName == word }) {
                command = next
                path += " \(word)"
                continue
            }
            let names = known.filter { $0.configuration.shouldDisplay }.map { $0._commandName }
            let hint = Spelling.nearest(to: word, among: names).map { "did you mean `\(path) \($0)`?" }
            return "there is no command `\(path) \(word.printable)`; "
                + (hint ?? "`\(path) --help` lists the commands")
        }
        return nil
    }
}
