import ArgumentParser
import SpoolCore
import SpoolDaemon
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

/// Which dead letters a command applies to.
struct DeadSelection: ParsableArguments {
    @Argument(help: "Events, given by their id at the source or by their seq.")
    var id: [String] = []

    @Flag(help: "All dead letters that have not been dismissed.")
    var all = false

    @Option(help: "Only dead letters of this sink.")
    var sink: String?

    func validate() throws {
        guard all != id.isEmpty else { return }
        throw ValidationError(
            all ? "--all and ids are mutually exclusive" : "name events by id or seq, or use --all"
        )
    }

    /// The selected dead letters by sink; every given id must be one.
    func letters(inSpool path: String) async throws -> [(sink: SinkName, letters: [DeadLetter])] {
        let found = try await DeadLetters.read(path, sink: sink)
        let meant = all ? found.filter { $0.dismissed == nil } : try named(in: found)
        var groups: [(sink: SinkName, letters: [DeadLetter])] = []
        for letter in meant {
            if groups.last?.sink == letter.sink {
                groups[groups.count - 1].letters.append(letter)
            } else {
                groups.append((letter.sink, [letter]))
            }
        }
        return groups
    }

    private func named(in letters: [DeadLetter]) throws -> [DeadLetter] {
        let missing = id.filter { id in !letters.contains { $0.isNamed(id) } }
        guard missing.isEmpty else {
            throw CommandFailure(
                .wrongUse,
                "no dead letter\(sink.map { " of sink \($0)" } ?? "") matches "
                    + "\(missing.joined(separator: ", ")); `spool dead list` shows all"
            )
        }
        return letters.filter { letter in id.contains { letter.isNamed($0) } }
    }
}

extension DeadLetter {
    /// True for the id of its event at the source, and for its seq.
    func isNamed(_ id: String) -> Bool { externalID == id || String(seq.value) == id }
}

/// Reads dead letters for the subcommands.
enum DeadLetters {
    /// Rejects a sink that the spool does not know.
    static func read(_ path: String, sink: String?) async throws -> [DeadLetter] {
        try await CommandFailure.translating {
            if let sink {
                let names = try await Spool.openReadOnly(path: path).names()
                try KnownNames.check([sink], "sink", among: names.sinks.map(\.text))
            }
            return try await SpoolSession.deadLetters(spool: path, of: sink.map { SinkName($0) })
        }
    }
}
