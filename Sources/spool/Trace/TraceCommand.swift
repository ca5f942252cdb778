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

/// The trace of one event as text.
struct TraceText {
    let text: String

    init(_ event: EventTrace) {
        var lines = [event.id.printable]
        let what = [event.kind, event.severity.map { "severity \($0)" }, event.category, event.userName]
        lines.append("  " + what.compactMap { $0 }.filter { !$0.isEmpty }.joined(separator: ", ").printable)
        let told = event.message.isEmpty ? event.action : event.message
        let said = event.kind == "alert" ? PlainText.of(told) : told
        if !said.isEmpty { lines.append("  " + said.printable(limit: 90)) }
        if !event.isReadable { lines.append("  the record could not be parsed; it is sent nevertheless") }
        lines += ["", "  occurred   \(event.occurred)"]
        if event.kind == "activity" {
            lines.append(
                "  saved      \(event.created)  at the source\(Self.later(event.created, event.occurred))"
            )
        }
        lines.append(
            "  fetched    \(event.fetched)  into \(event.stream)\(Self.later(event.fetched, event.created))"
        )
        lines += Self.window(event.window, isOwn: event.stream == .notifications)
        lines.append("  spooled    seq \(event.seq), record of \(ByteSize.text(Int64(event.rawBytes)))")
        for sink in event.sinks { lines += Self.sink(sink, seq: event.seq) }
        if event.sinks.isEmpty { lines += ["", "  no sink receives this stream"] }
        text = lines.joined(separator: "\n")
    }

    private static func later(_ time: Timestamp, _ before: Timestamp) -> String {
        time > before ? ", \(Age.text(time.since(before))) later" : ""
    }

    private static func window(_ window: TracedWindow?, isOwn: Bool) -> [String] {
        if isOwn {
            return ["             created by spool itself, not fetched from a source"]
        }
        guard let window else { return ["             its fetch window was deleted by retention"] }
        let pages = window.pages == 1 ? "its only page" : "one of its \(Grouped.text(window.pages)) pages"
        return [
            "             window \(window.id) (\(window.reason), \(window.state)): "
                + "\(window.from) to \(window.to)",
            "             \(pages); \(Count.text(window.seen, "record")) seen, "
                + "\(Grouped.text(window.inserted)) of them new",
        ]
    }

    private static func sink(_ sink: TracedSink, seq: Seq) -> [String] {
        var lines = ["", "  \(sink.sink)"]
        switch sink.live {
        case .settled where sink.deliveries.contains(where: { $0.replay == nil }): break
        case .settled: lines.append("    settled; its ledger row was deleted by retention")
        case .waiting:
            lines.append(
                "    WAITING: \(Count.text(sink.ahead, "event")) of the stream "
                    + "\(Count.of(sink.ahead, "is", "are")) ahead of it; the sink is \(sink.state)"
            )
            if let error = sink.lastError { lines.append("      \(error.printable)") }
        case .beforeStart: lines.append("    not sent live: spooled before this sink's start")
        case .notTaken:
            lines.append("    not sent: the sink does not receive this stream now, or needs `start`")
        }
        for delivery in sink.deliveries { lines += self.delivery(delivery) }
        if let letter = sink.deadLetter {
            lines.append(
                "    DEAD LETTER since \(letter.at): \(letter.reason), after "
                    + "\(Count.text(letter.attempts, "attempt"))"
                    + (letter.dismissed.map { "; dismissed \($0)" } ?? "")
            )
            if !letter.detail.isEmpty { lines.append("      \(letter.detail.printable(limit: 200))") }
        }
        for replay in sink.replaysToCome { lines.append("    replay \(replay) has not sent it yet") }
        return lines
    }

    private static func delivery(_ delivery: TracedDelivery) -> [String] {
        let lane = delivery.replay.map { "replay \($0)" } ?? "live"
        let how = delivery.evidence.map { "\(delivery.outcome), \(evidence($0))" } ?? delivery.outcome
        let tries = delivery.attempts == 1 ? "first attempt" : "attempt \(Grouped.text(delivery.attempts))"
        var lines = [
            "    \(lane): \(how)\(delivery.isDoubtful ? " - DOUBTFUL" : "")",
            "      sent \(delivery.sent), settled \(delivery.settled), \(tries)",
            "      ledger row \(delivery.row): seq \(delivery.first) to \(delivery.last), "
                + "\(Count.text(delivery.events, "event")), \(ByteSize.text(Int64(delivery.bytes)))",
        ]
        if let connection = delivery.connection {
            let place = "\(delivery.transport ?? "?") \(delivery.address ?? "?")"
            let end =
                delivery.connectionClosed.map { "closed \(delivery.connectionEnd ?? "?") \($0)" }
                ?? "still open"
            lines.append("      connection \(connection): \(place), \(end)")
        }
        if delivery.isShortened {
            lines.append(
                "      SHORTENED: the message was too long; the spool keeps the complete record. "
                    + "Raise max_message_bytes"
            )
        }
        if delivery.isDoubtful {
            lines.append(
                "      the receiver's kernel may have held it unread when the connection ended uncleanly; "
                    + "--missing-only sends it again"
            )
        } else if delivery.isPending {
            lines.append(
                "      not proved yet that the receiver has read it; "
                    + "the next reopening of the connection proves it"
            )
        }
        return lines
    }

    private static func evidence(_ word: String) -> String {
        switch word {
        case "acknowledged": "acknowledged by the receiver"
        case "kernel": "acknowledged by the receiver's TCP stack"
        case "sent": "sent over UDP, its arrival is unknown"
        default: word
        }
    }
}
