import ArgumentParser
import Foundation

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
