import ArgumentParser
import SpoolCore
import SpoolStore

/// `spool dead`.
struct DeadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dead",
        abstract: "Manages dead letters: events that a receiver refused.",
        discussion: """
            Retention keeps the event of a dead letter until it is delivered or dismissed. `requeue` sends \
            it again, as a replay of exactly these events, once the receiver or the sink's settings have \
            been fixed; `dismiss` discards it.

            Example: spool dead requeue --all --sink siem
            """,
        subcommands: [DeadList.self, DeadShow.self, DeadRequeue.self, DeadDismiss.self],
        defaultSubcommand: DeadList.self
    )
}

/// `spool dead list`.
struct DeadList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "Lists dead letters, oldest first."
    )

    @OptionGroup var config: ConfigurationOption
    @Option(help: "Only dead letters of this sink.") var sink: String?
    @Flag(help: "Include dismissed dead letters.") var dismissed = false
    @Flag(help: "Print the result as JSON (stable keys).") var json = false

    func run() async throws {
        let letters = try await DeadLetters.read(try config.look().path, sink: sink)
            .filter { dismissed || $0.dismissed == nil }
        if json { return Output.line(try JSONText.of(letters)) }
        if letters.isEmpty { return Output.line("no dead letters") }
        var table = TextTable([
            "sink", "seq", "id", "occurred", "refused", "attempts", "reason", "detail",
        ])
        for letter in letters {
            table.add([
                letter.sink.text, String(letter.seq.value), letter.externalID, letter.occurred.description,
                letter.at.description, Grouped.text(letter.attempts), letter.reasonWord,
                letter.detail.printable(limit: 60),
            ])
        }
        Output.line(table.render())
    }
}

/// `spool dead show ID`.
struct DeadShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Shows dead letters in full, including the reason of each."
    )

    @OptionGroup var config: ConfigurationOption
    @OptionGroup var selection: DeadSelection
    @Flag(help: "Print the result as JSON (stable keys).") var json = false

    func run() async throws {
        let letters = try await selection.letters(inSpool: try config.look().path).flatMap(\.letters)
        if json { return Output.line(try JSONText.of(letters)) }
        if letters.isEmpty { return Output.line("no dead letters") }
        Output.line(letters.map(\.text).joined(separator: "\n\n"))
    }
}

extension DeadLetter {
    fileprivate var reasonWord: String { reason + (dismissed == nil ? "" : ", dismissed") }

    fileprivate var text: String {
        var lines = [
            "\(externalID.printable) (seq \(seq)) of \(stream), not delivered to \(sink)",
            "  occurred   \(occurred)",
            "  refused    \(at), after \(Count.text(attempts, "attempt"))",
            "  reason     \(reason)",
            "  detail     \(detail.isEmpty ? "none" : detail.printable)",
        ]
        if let dismissed { lines.append("  dismissed  \(dismissed)") }
        return lines.joined(separator: "\n")
    }
}
