import ArgumentParser
import SpoolControl
import SpoolCore
import SpoolDaemon
import SpoolEngine
import SpoolStore

/// `spool trace`.
struct TraceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "trace",
        abstract: "Traces one event through source, spool and every sink.",
        discussion: """
            The event is given by its id at the source, which lines carry as externalId, or by its seq. For \
            an id that the spool has never seen, the command queries the source for that record, within the \
            tenant's request limit, and prints why the spool does not have it: the stream's start, its \
            filters, retention, a gap, or not read yet. Exit code 1 if the spool does not have the event.
            """
    )

    @OptionGroup var config: ConfigurationOption
    @Argument(help: "ID of the event at the source, or its seq.") var id: String
    @Flag(help: "Print the result as JSON (stable keys).") var json = false
    @Flag(inversion: .prefixedNo, help: "Query the source for an id that the spool has never seen.")
    var ask = true

    func run() async throws {
        let look = try config.look()
        try await CommandFailure.translating {
            let events = try await SpoolSession.events(spool: look.path, id)
            guard events.isEmpty else {
                if json { return Output.line(try JSONText.of(TraceObject(id: id, events: events))) }
                return Output.line(events.map { TraceText($0).text }.joined(separator: "\n\n"))
            }
            guard ask else {
                if json { Output.line(try JSONText.of(TraceObject(id: id))) }
                throw CommandFailure(.problemFound, "the spool has no event \(id)")
            }
            // Querying a source requires the complete configuration, so its errors are reported here.
            let composition = try config.composition()
            let findings = try await SpoolSession.trace(composition, id)
            if json {
                Output.line(try JSONText.of(TraceObject(id: id, findings: findings)))
            } else {
                Output.line(
                    (["the spool has no event \(id.printable)"] + findings.map(\.text)).joined(
                        separator: "\n"
                    )
                )
            }
            if let fault = findings.first(where: { $0.source.fault != nil }),
                !findings.contains(where: \.isFound)
            {
                throw CommandFailure(
                    .cannotReach,
                    "the source of \(fault.source.stream) could not be queried"
                )
            }
            throw CommandFailure(
                .problemFound,
                findings.contains(where: \.isFound) ? "the source has it" : Self.nowhere
            )
        }
    }

    private static let nowhere =
        "no source has it either: it never existed, or it is older than the 180 days for which the source "
        + "keeps records"
}

extension TraceFinding {
    var isFound: Bool { source.isKnown == true }

    var text: String {
        let name = "  \(source.stream)"
        if let fault = source.fault, source.isKnown == nil {
            return "\(name): could not be queried: \(fault.printable)"
        }
        guard isFound, let occurred = source.occurred, let created = source.created else {
            return "\(name): not found at the source"
        }
        var lines = ["\(name): FOUND AT THE SOURCE"]
        let what = [source.category, source.action].compactMap { $0 }.filter { !$0.isEmpty }
        if !what.isEmpty { lines.append("    " + what.joined(separator: ", ").printable) }
        lines.append("    occurred \(occurred), saved \(created)")
        if let verdict { lines.append("    \(verdict.sentence)") }
        if let fault = source.fault {
            lines.append("    the stream's filters could not be checked: \(fault.printable)")
        }
        return lines.joined(separator: "\n")
    }
}

/// A trace as JSON.
private struct TraceObject: Encodable {
    struct Finding: Encodable {
        let source: SourceTrace
        let verdict: String?
        let explanation: String?
        let coverage: StreamCoverage?
    }

    let id: String
    let events: [EventTrace]
    let sources: [Finding]

    init(id: String, events: [EventTrace] = [], findings: [TraceFinding] = []) {
        self.id = id
        self.events = events
        sources = findings.map {
            Finding(
                source: $0.source,
                verdict: $0.verdict?.word,
                explanation: $0.verdict?.sentence,
                coverage: $0.coverage
            )
        }
    }
}
