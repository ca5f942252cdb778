import Testing

@testable import spool

@Suite("Help of commands with subcommands")
struct CommandHelpTests {
    private func help(_ arguments: String...) -> String? {
        CommandHelp(arguments, in: SpoolCommand.self, columns: 80)?.text
    }

    @Test(
        "`replay --help` in each of its forms shows every option of a replay and lists the subcommands",
        arguments: [["replay", "--help"], ["replay", "-h"], ["help", "replay"]]
    )
    func replay(arguments: [String]) throws {
        let text = try #require(CommandHelp(arguments, in: SpoolCommand.self, columns: 80)?.text)
        let options = try CommandTree.current().command.shown
            .first { $0.commandName == "replay" }?.shown.first { $0.commandName == "start" }?.options

        for option in try #require(options) {
            for name in option.names ?? [] { #expect(text.contains("\n  \(name.text)"), "\(name.text)") }
        }
        #expect(text.contains("USAGE: spool replay [<options>] --from <from> --to <to>\n"))
        #expect(text.contains("\n       spool replay <subcommand>\n"))
        for below in ["start", "list", "show", "pause", "resume", "cancel", "remove"] {
            #expect(text.contains("\n  \(below)"))
        }
        #expect(!text.contains("replay start"))
    }

    @Test("`dead --help` shows the options of `dead list`")
    func dead() throws {
        let text = try #require(help("dead", "--help"))

        #expect(text.contains("\n  --dismissed"))
        #expect(text.contains("\n  requeue"))
    }

    @Test(
        "all other commands have their standard help",
        arguments: [
            ["--help"], ["replay", "list", "--help"], ["status", "--help"], ["replay"], ["nonsense", "-h"],
        ]
    )
    func usual(arguments: [String]) {
        #expect(CommandHelp(arguments, in: SpoolCommand.self) == nil)
    }
}
