import ArgumentParser
import SpoolCore
import SpoolStore

/// `spool dead`.
struct DeadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dead",
        abstract: "Dead letters: events that a receiver would not take.",
        discussion: """
            A dead letter keeps its event from retention until it is delivered or dismissed. `requeue` sends it \
            again as a replay of exactly these events, once the receiver, or the sink's settings, have been put \
            right; `dismiss` gives it up.

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
    @Option(help: "Of this sink only.") var sink: String?
    @Flag(help: "Dismissed ones too.") var dismissed = false
    @Flag(help: "As JSON.") var json = false

    func run() async throws {
        let letters = try await DeadLetters.read(try config.look().path, sink: sink)
            .filter { dismissed || $0.dismissed == nil }
        if json { return Output.line(try JSONText.of(letters.map(DeadLetterObject.init))) }
        if letters.isEmpty { return Output.line("no dead letters") }
        var table = TextTable([
            "sink", "seq", "id", "happened", "refused", "tries", "reason", "detail",
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
        abstract: "Shows dead letters in full, with the reason of each."
    )

    @OptionGroup var config: ConfigurationOption
    @OptionGroup var selection: DeadSelection
    @Flag(help: "As JSON.") var json = false

    func run() async throws {
        let letters = try await selection.letters(inSpool: try config.look().path).flatMap(\.letters)
        if json { return Output.line(try JSONText.of(letters.map(DeadLetterObject.init))) }
        if letters.isEmpty { return Output.line("no dead letters") }
        Output.line(letters.map(\.text).joined(separator: "\n\n"))
    }
}

extension DeadLetter {
    fileprivate var reasonWord: String { reason + (dismissed == nil ? "" : ", dismissed") }

    fileprivate var text: String {
        var lines = [
            "\(externalID.printable) (seq \(seq)) of \(stream), not delivered to \(sink)",
            "  happened   \(occurred)",
            "  refused    \(at), after \(Count.text(attempts, "attempt"))",
            "  reason     \(reason)",
            "  detail     \(detail.isEmpty ? "nothing" : detail.printable)",
        ]
        if let dismissed { lines.append("  dismissed  \(dismissed)") }
        return lines.joined(separator: "\n")
    }
}

/// A dead letter as JSON; its keys stay compatible.
struct DeadLetterObject: Encodable {
    let sink: String
    let stream: String
    let seq: Int64
    let id: String
    let occurred: Timestamp
    let reason: String
    let detail: String
    let attempts: Int
    let at: Timestamp
    let dismissed: Timestamp?

    init(_ letter: DeadLetter) {
        sink = letter.sink.text
        stream = letter.stream.description
        seq = letter.seq.value
        id = letter.externalID
        occurred = letter.occurred
        reason = letter.reason
        detail = letter.detail
        attempts = letter.attempts
        at = letter.at
        dismissed = letter.dismissed
    }

    enum CodingKeys: String, CodingKey {
        case sink, stream, seq, id, reason, detail, attempts
        case occurred = "occurred_ms"
        case at = "at_ms"
        case dismissed = "dismissed_ms"
    }
}
