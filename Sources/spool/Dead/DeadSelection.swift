import ArgumentParser
import SpoolCore
import SpoolDaemon
import SpoolStore

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
