import ArgumentParser
import SpoolCore
import SpoolDaemon
import SpoolStore

/// Which dead letters a command is about.
struct DeadSelection: ParsableArguments {
    @Argument(help: "Events, by their id at the source or by their seq.")
    var id: [String] = []

    @Flag(help: "Every dead letter that was not dismissed.")
    var all = false

    @Option(help: "Of this sink only.")
    var sink: String?

    func validate() throws {
        guard all != id.isEmpty else { return }
        throw ValidationError(
            all ? "--all and ids exclude each other" : "name events by id or seq, or use --all"
        )
    }

    /// The letters meant, by sink; every id that is named must be one.
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
                "no dead letter\(sink.map { " of sink \($0)" } ?? "") is named \(missing.joined(separator: ", ")); "
                    + "`spool dead list` shows all"
            )
        }
        return letters.filter { letter in id.contains { letter.isNamed($0) } }
    }
}

extension DeadLetter {
    /// True for its event's id at the source, and for its seq.
    func isNamed(_ id: String) -> Bool { externalID == id || String(seq.value) == id }
}

/// Reading of dead letters, for all that the subcommands do.
enum DeadLetters {
    /// Refuses a sink that the spool does not know.
    static func read(_ path: String, sink: String?) async throws -> [DeadLetter] {
        try await CommandFailure.translating {
            if let sink {
                let names = try await Spool.openReadOnly(path: path).names()
                try KnownNames.check([sink], "sink", among: names.sinks.map(\.text))
            }
            return try await ReplayDesk.deadLetters(spool: path, of: sink.map { SinkName($0) })
        }
    }
}
