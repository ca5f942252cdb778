import ArgumentParser
import Foundation
import SpoolCore
import SpoolDaemon

/// `spool manual FOLDER`, called by `make install`: generates manual pages from the definitions of the
/// commands.
struct ManualCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "manual",
        abstract: "Writes the manual pages into a folder.",
        shouldDisplay: false
    )

    @Argument(help: "Existing folder to write to.", completion: .directory) var folder: String

    func run() throws {
        let pages = ManualPage.all(try CommandTree.current(), date: Self.today)
        for page in pages {
            let file = URL(fileURLWithPath: folder).appendingPathComponent("\(page.name).1")
            try NewFile(path: file.path, permissions: 0o644, replaces: true).write(page.text)
        }
    }

    /// The date in the form that mdoc(7) requires: `November 24, 2026`.
    private static var today: String {
        let months = [
            "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
            "November", "December",
        ]
        let date = CalendarDate(SystemTime.now())
        return "\(months[date.month - 1]) \(date.day), \(date.year)"
    }
}

/// A manual page in mdoc(7): of the program, or of one of its commands including its subcommands.
struct ManualPage {
    /// `spool`, `spool-replay`.
    let name: String
    let text: String

    /// All pages of the program.
    static func all(_ tree: CommandTree, date: String) -> [ManualPage] {
        let commands = tree.command.shown
        let names = ["spool"] + commands.map { "spool-\($0.commandName)" }
        let writer = ManualWriter(date: date, names: names.sorted())
        return [writer.program(tree.command, commands)] + commands.map(writer.page)
    }
}

private struct ManualWriter {
    let date: String
    let names: [String]

    func program(_ command: CommandTree.Command, _ commands: [CommandTree.Command]) -> ManualPage {
        var lines = head("spool", command.abstract)
        lines += [".Sh SYNOPSIS", ".Nm", ".Ar command", ".Op Ar options", ".Nm", ".Ar command Fl -help"]
        lines += [
            ".Sh DESCRIPTION", ".Nm", "is a daemon with these commands:", ".Bl -tag -width backup",
        ]
        for command in commands { lines += [".It Cm \(command.commandName)", sentence(command.abstract)] }
        lines += [".El", ".Pp", "Each command has its own page, for example", ".Xr spool-run 1 ."]
        lines += [
            ".Sh ENVIRONMENT", ".Bl -tag -width SPOOL_CONFIG", ".It Ev SPOOL_CONFIG",
            "The configuration file, if", ".Fl -config", "is not given.", ".El",
            ".Sh FILES", ".Bl -tag -width indent", ".It Pa ./spool.yaml , /etc/spool/spool.yaml",
            "The configuration.", ".It Pa /var/lib/spool/spool.db",
            "The spool, an SQLite database with public views.", ".El",
        ]
        lines += exitStatus
        lines += seeAlso(except: "spool")
        return ManualPage(name: "spool", text: lines.joined(separator: "\n") + "\n")
    }

    func page(_ command: CommandTree.Command) -> ManualPage {
        let name = "spool-\(command.commandName)"
        var lines = head(name, command.abstract)
        lines.append(".Sh SYNOPSIS")
        let below = command.shown
        if below.isEmpty {
            lines += synopsis(command, [command.commandName])
        } else {
            for part in below { lines += synopsis(part, [command.commandName, part.commandName]) }
        }
        lines.append(".Sh DESCRIPTION")
        let (discussion, examples) = Self.divided(command.discussion)
        lines.append(
            ([sentence(command.abstract)] + ManualText.paragraphs(discussion)).joined(separator: "\n.Pp\n")
        )
        if below.isEmpty {
            lines += options(command)
        } else {
            if let usual = command.defaultSubcommand {
                lines += [".Pp", "Without a subcommand,", ".Cm \(usual)", "is run."]
            }
            for part in below {
                let (told, _) = Self.divided(part.discussion)
                lines.append(".Ss \(command.commandName) \(part.commandName)")
                lines.append(
                    ([sentence(part.abstract)] + ManualText.paragraphs(told)).joined(separator: "\n.Pp\n")
                )
                lines += options(part)
            }
        }
        lines += exitStatus
        if !examples.isEmpty {
            lines.append(".Sh EXAMPLES")
            for example in examples { lines.append(".Dl \(ManualText.arguments(example))") }
        }
        lines += seeAlso(except: name)
        return ManualPage(name: name, text: lines.joined(separator: "\n") + "\n")
    }

    private func head(_ name: String, _ abstract: String?) -> [String] {
        var about = abstract ?? ""
        if about.hasSuffix(".") { about.removeLast() }
        let small = about.prefix(1).lowercased() + about.dropFirst()
        return [
            ".Dd \(date)", ".Dt \(name.uppercased()) 1", ".Os", ".Sh NAME", ".Nm \(name)",
            ".Nd \(ManualText.arguments(small))",
        ]
    }

    private func synopsis(_ command: CommandTree.Command, _ words: [String]) -> [String] {
        [".Nm spool", ".Cm \(words.joined(separator: " "))"]
            + command.options.map { option in
                let dots = option.isRepeating ? " ..." : ""
                return option.isOptional
                    ? ".Op \(term(option, short: true))\(dots)" : ".\(term(option, short: true))\(dots)"
            }
    }

    private func options(_ command: CommandTree.Command) -> [String] {
        guard !command.options.isEmpty else { return [] }
        var lines = [".Bl -tag -width indent"]
        for option in command.options {
            lines.append(".It \(term(option, short: false))")
            lines.append(sentence(option.abstract))
            if let values = option.allValues, !values.isEmpty {
                lines.append(ManualText.lines("One of \(values.joined(separator: ", "))."))
            }
            // The default of a flag is always off.
            if option.kind != "flag", let usual = option.defaultValue, !usual.isEmpty {
                lines.append(ManualText.lines("Default: \(usual)."))
            }
        }
        return lines + [".El"]
    }

    private func term(_ option: CommandTree.Argument, short: Bool) -> String {
        let value = (option.valueName ?? "value").replacing(" ", with: "-")
        guard let names = option.names, !names.isEmpty else { return "Ar \(ManualText.arguments(value))" }
        let shown = short ? Array(names.prefix(1)) : names
        let flags = shown.map { name in "Fl \(name.text.dropFirst())" }.joined(separator: " , ")
        return option.kind == "flag" ? flags : "\(flags) Ar \(ManualText.arguments(value))"
    }

    private func sentence(_ text: String?) -> String {
        ManualText.paragraphs(text ?? "").joined(separator: "\n.Pp\n")
    }

    private var exitStatus: [String] {
        let codes = [
            "Success.", "A problem was found.", "Usage or configuration error.",
            "A source, a sink or the daemon is unreachable.",
            "The spool is locked, damaged, of a newer version, or its disk is full.",
            "Some events were not delivered.", "Shut down after too many critical errors.",
            "Standard output could not be written; the output is incomplete.",
        ]
        return [".Sh EXIT STATUS", ".Bl -tag -width 6"]
            + codes.enumerated().flatMap { [".It \($0.offset)", $0.element] } + [".El"]
    }

    private func seeAlso(except name: String) -> [String] {
        let others = name == "spool" ? names.filter { $0 != name } : ["spool"]
        return [".Sh SEE ALSO"]
            + others.enumerated().map { ".Xr \($0.element) 1\($0.offset < others.count - 1 ? " ," : "")" }
    }

    /// Splits a discussion into its text and the examples at its end.
    private static func divided(_ discussion: String?) -> (told: String, examples: [String]) {
        let parts = (discussion ?? "").split(separator: "Example: ", omittingEmptySubsequences: false)
        let told = parts.first.map(String.init) ?? ""
        return (
            told, parts.dropFirst().map { $0.split(whereSeparator: \.isWhitespace).joined(separator: " ") }
        )
    }
}

/// Text for mdoc(7), where a leading dot, backslashes and the names of macros have a meaning.
enum ManualText {
    /// The maximum of bytes per line that `mandoc -T lint` accepts.
    private static let width = 78

    /// Text between macros, wrapped into lines of limited length.
    static func lines(_ text: String) -> String {
        var lines: [String] = []
        var line = ""
        for word in text.split(whereSeparator: \.isWhitespace) {
            if !line.isEmpty, line.utf8.count + 1 + word.utf8.count > width {
                lines.append(line)
                line = ""
            }
            line += (line.isEmpty ? "" : " ") + word
        }
        return (lines + (line.isEmpty ? [] : [line])).map(protected).joined(separator: "\n")
    }

    /// Arguments of a macro: no word of them may be read as a macro.
    static func arguments(_ text: String) -> String {
        text.replacing("\\", with: "\\e").replacing("\"", with: "\\(dq").split(separator: " ").map { word in
            let letters = word.prefix { $0.isASCII && $0.isLetter }
            let isMacro = (2...3).contains(letters.count) && letters.first?.isUppercase == true
            let isDelimiter = word.count == 1 && ".,:;()[]?!|".contains(word)
            return isMacro || isDelimiter ? "\\&" + word : String(word)
        }
        .joined(separator: " ")
    }

    /// Paragraphs; each sentence starts on a new line, as mdoc requires for the spacing between sentences.
    static func paragraphs(_ text: String) -> [String] {
        text.split(separator: "\n\n").map { paragraph in
            paragraph.split(separator: "\n").joined(separator: " ")
                .replacing(/([.!?:]) +(?=[A-Z`-])/) { "\($0.output.1)\n" }
                .split(separator: "\n").map { lines(String($0)) }.joined(separator: "\n")
        }
    }

    private static func protected(_ line: String) -> String {
        let escaped = line.replacing("\\", with: "\\e")
        return escaped.hasPrefix(".") || escaped.hasPrefix("'") ? "\\&" + escaped : escaped
    }
}

/// The definitions of the commands with every option; help and completions use the same definitions.
struct CommandTree: Decodable {
    struct Command: Decodable {
        let commandName: String
        let abstract: String?
        let discussion: String?
        let shouldDisplay: Bool?
        let arguments: [Argument]?
        let subcommands: [Command]?
        let defaultSubcommand: String?

        /// The visible subcommands.
        var shown: [Command] {
            (subcommands ?? []).filter { $0.shouldDisplay ?? true && $0.commandName != "help" }
        }

        /// The visible options and arguments.
        var options: [Argument] { (arguments ?? []).filter { $0.shouldDisplay ?? true && !$0.isStandard } }
    }

    struct Argument: Decodable {
        struct Name: Decodable {
            let kind: String
            let name: String

            /// The name as typed: `--from`, `-n`.
            var text: String { kind == "long" ? "--\(name)" : "-\(name)" }
        }

        let kind: String
        let names: [Name]?
        let valueName: String?
        let abstract: String?
        let defaultValue: String?
        let allValues: [String]?
        let isOptional: Bool
        let isRepeating: Bool
        let shouldDisplay: Bool?

        fileprivate var isStandard: Bool {
            (names ?? []).contains { $0.name == "help" || $0.name == "version" }
        }
    }

    let command: Command

    /// Reads the definitions of this program.
    static func current() throws -> CommandTree {
        try JSONDecoder().decode(CommandTree.self, from: Data(SpoolCommand._dumpHelp().utf8))
    }
}
