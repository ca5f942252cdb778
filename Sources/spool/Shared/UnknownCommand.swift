import ArgumentParser
import SpoolCore

/// A word in the place of a command that is none, such as `spool quer`.
enum UnknownCommand {
    /// What to show for arguments that were refused; nil where all commands in them are known.
    static func message(_ arguments: [String], in root: any ParsableCommand.Type) -> String? {
        var command = root
        var path = root._commandName
        for word in arguments {
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
