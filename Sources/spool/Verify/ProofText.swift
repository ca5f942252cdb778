import Foundation
import SpoolControl
import SpoolCore

/// A proof on one line, for `status`.
struct ProofLine {
    let text: String

    init(_ proof: ProofStatus) {
        // Without milliseconds.
        var facts = "\(Age.text(proof.to.since(proof.from))) up to \(proof.to.description.prefix(19))Z"
        if let streams = proof.streams { facts += " of \(streams.joined(separator: ", "))" }
        facts += ": " + (proof.unproved == .all ? "nothing could be compared" : Self.result(proof))
        text = facts + (proof.reason == "audit" ? ", by the daemon" : "")
    }

    private static func result(_ proof: ProofStatus) -> String {
        var facts = "\(Grouped.text(proof.events)) events, "
        facts += proof.missing == 0 ? "0 missing" : "\(Grouped.text(proof.missing)) MISSING"
        if proof.fetched > 0 { facts += " (\(Grouped.text(proof.fetched)) of them fetched immediately)" }
        return facts + (proof.unproved == nil ? "" : ", not complete: \(proof.reasons)")
    }
}

/// A proof as text: the result first, then each stream with its sinks, then the ids of missing events.
struct ProofText {
    /// How many ids are shown per cause; with `isWhole`, all stored ones.
    static let shown = 10

    private let proof: Proof
    private let missing: [MissingEvent]
    private let isWhole: Bool

    init(_ proof: Proof, _ missing: [MissingEvent], isWhole: Bool = false) {
        self.proof = proof
        self.missing = missing
        self.isWhole = isWhole
    }

    var text: String {
        ([verdict] + proof.streams.map(stream) + [names]).filter { !$0.isEmpty }.joined(separator: "\n\n")
    }

    /// The result on one line.
    var verdict: String {
        switch proof.state {
        case .failed: return "proof \(proof.id) failed: \(proof.error ?? "cause unknown")"
        case .stopped:
            return "proof \(proof.id) was stopped before it finished and proves nothing: "
                + (proof.error ?? "run it again")
        case .running: return "proof \(proof.id) is running"
        case .done: break
        }
        guard proof.isCompared else { return "proof \(proof.id): nothing in this window can be compared" }
        let events = "\(Grouped.text(proof.events)) events"
        guard proof.missing == 0 else {
            return "proof \(proof.id): \(events), \(Grouped.text(proof.missing)) MISSING"
        }
        return "proof \(proof.id): \(events), 0 missing"
            + (proof.isComplete ? "" : "; not complete: \(reasons)")
    }

    private var reasons: String { proof.shortfalls.map(\.words).joined(separator: ", ") }

    /// What to do about a window that is not proved, on one line; nil if nothing is missing and the delivery
    /// of at least one event is proved, or if there was no event.
    var remedy: String? {
        guard proof.isCompared else { return nothing }
        guard proof.missing > 0 else {
            return proof.provesNothing ? "no delivery in this window is proved: \(reasons)" : nil
        }
        let events = proof.missing == 1 ? "1 event" : "\(Grouped.text(proof.missing)) events"
        guard proof.request.repair == .none else {
            let were = proof.missing == 1 ? "was" : "were"
            return "\(events) \(were) missing; run verify again to prove the repair"
        }
        let (are, them) = proof.missing == 1 ? ("is", "it") : ("are", "them")
        return "\(events) \(are) missing; `spool verify … --repair` recovers \(them)"
    }

    /// Waiting helps only if it is too early for the comparison.
    private var nothing: String {
        guard !proof.streams.isEmpty, proof.streams.allSatisfy(Self.beginsLater) else {
            return "nothing in this window can be compared yet; try again later, or use an earlier --to"
        }
        return "nothing in this window can be compared: it ends before the streams start"
    }

    private static func beginsLater(_ stream: ProofStream) -> Bool {
        stream.compared == nil && stream.start != nil && stream.tooEarlyFrom == nil
    }

    private func stream(_ stream: ProofStream) -> String {
        var lines: [String] = []
        func add(_ count: Int, _ what: String) {
            if count > 0 { lines.append("  \(Grouped.text(count)) \(what)") }
        }
        if let compared = stream.compared {
            lines.append("\(stream.name), \(stream.basis) from \(compared.from) to \(compared.to)")
        } else {
            lines.append(
                "\(stream.name): nothing in this window can be compared"
                    + (Self.beginsLater(stream) ? ": the stream starts later" : " yet")
            )
        }
        if let from = stream.tooEarlyFrom {
            lines.append("  from \(from) on: not provable yet, read only once")
        }
        if let start = stream.start {
            lines.append("  before \(start): not fetched, the stream starts there")
        }
        for part in stream.unproved {
            lines.append(
                "  \(part.from) to \(part.to) CANNOT BE PROVED: "
                    + "an empty response for a time more than 30 days ago proves nothing"
            )
        }
        guard stream.compared != nil else { return lines.joined(separator: "\n") }
        lines.append("  source  \(list(stream.source))")
        lines.append("  spool   \(list(stream.spool))")
        add(stream.neverFetched, "NEVER FETCHED")
        add(stream.fetched, "of them have been fetched now and are delivered to every sink")
        if stream.mending == true { lines.append("  THE REPAIR OF THIS STREAM IS NOT FINISHED") }
        add(
            stream.pruned,
            "deleted by retention; their delivery is no longer provable, except as stated for a sink below"
        )
        add(
            stream.noLongerProvable,
            "no longer provable: at the source, but from a time for which deleted ids are no longer kept"
        )
        add(stream.gone, "are in the spool, but no longer at the source")
        add(
            stream.unreadable,
            "records from the source could not be parsed; they are identified by their content"
        )
        if stream.sinks.isEmpty, stream.notTaken.isEmpty {
            lines.append("  NO SINK receives this stream: no delivery is proved")
        }
        for name in stream.notTaken {
            lines.append("  sink \(name) does not receive this stream: no delivery to it is proved")
        }
        if stream.isEmpty { lines.append("  no event in this window, at the source or in the spool") }
        for sink in stream.sinks { lines.append(self.sink(sink)) }
        return lines.joined(separator: "\n")
    }

    private func sink(_ sink: ProofSink) -> String {
        var lines = ["  sink \(sink.name)  \(list(sink.delivered)) delivered"]
        func add(_ count: Int, _ what: String) {
            if count > 0 { lines.append("    \(Grouped.text(count)) \(what)") }
        }
        add(sink.acknowledged, "acknowledged by the receiver")
        add(
            sink.kernel,
            "read by the receiver: it closed the connection cleanly afterwards, or more bytes followed than "
                + "its kernel can hold unread"
        )
        add(
            sink.pending,
            "NOT YET PROVED: acknowledged by the receiver's TCP stack on a connection that is still open; "
                + "the next time it is reopened proves whether the receiver has read them"
        )
        add(sink.sent, "sent over UDP; their arrival is unknown")
        add(sink.filtered, "excluded by its filter: not delivered")
        add(sink.beforeStart, "spooled before its subscription started: not delivered")
        add(sink.dismissed, "dead letters dismissed by an operator: not delivered")
        add(sink.pruned, "settled, then deleted by retention during the comparison")
        add(
            sink.unsettled,
            "UNSETTLED" + (sink.waiting > 0 ? " (\(sink.waiting) waiting in its live lane)" : "")
        )
        add(sink.deadLetters, "DEAD LETTERS: refused by the receiver, or impossible to send")
        add(
            sink.doubtful,
            "DOUBTFUL: the receiver's kernel may have held them unread when a connection did not end cleanly"
        )
        add(
            sink.lost,
            "LOST: deleted by retention before they reached the sink, which was not configured at that time"
        )
        add(
            sink.unrepairable,
            "of them were deleted by retention before the repair; "
                + "`spool replay --refetch` reads them from the source"
        )
        for replay in sink.replays {
            lines.append("    replay \(replay) sends them; `spool replay show \(replay)` shows its progress")
        }
        return lines.joined(separator: "\n")
    }

    private func list(_ list: ProofList) -> String {
        "\(Grouped.text(list.count)) ids" + (isWhole ? ", SHA-256 \(list.sha256)" : "")
    }

    private var names: String {
        let groups = Dictionary(grouping: missing) { event in
            "\(event.cause.rawValue) \(event.stream)" + (event.sink.map { " at \($0)" } ?? "")
        }
        return groups.sorted { $0.key < $1.key }
            .map { title, events in
                let shown = isWhole ? events : Array(events.prefix(Self.shown))
                let rest = events.count - shown.count
                let more =
                    rest > 0
                    ? ["  and \(rest) more: `select * from proof_missing where proof_id = \(proof.id)`"] : []
                return ([title + ":"] + shown.map { "  \($0.id)" } + more).joined(separator: "\n")
            }
            .joined(separator: "\n")
    }
}

/// A report of a proof: a text file and a JSON file with the same content.
///
/// `report.txt` gets `report.txt.json` beside it; a name that ends in `.json` is the JSON, with `.txt` beside
/// it.
struct ProofReport {
    private struct Document: Encodable {
        let proof: Proof
        let events: Int
        let missing: Int
        let complete: Bool
        let shortfalls: [ProofShortfall]
        let missingEvents: [MissingEvent]

        private enum CodingKeys: String, CodingKey {
            case proof, events, missing, complete, shortfalls
            case missingEvents = "missing_events"
        }
    }

    private let proof: Proof
    private let missing: [MissingEvent]

    init(_ proof: Proof, _ missing: [MissingEvent]) {
        self.proof = proof
        self.missing = missing
    }

    /// The whole report as JSON: keys in snake case, times in milliseconds UTC.
    func json() throws -> String {
        try JSONText.of(
            Document(
                proof: proof,
                events: proof.events,
                missing: proof.missing,
                complete: proof.isComplete,
                shortfalls: proof.state == .done ? proof.shortfalls : [],
                missingEvents: missing
            )
        )
    }

    /// The paths of text and JSON for the name that the operator gave.
    static func paths(_ name: String) -> (text: String, json: String) {
        name.hasSuffix(".json") ? (String(name.dropLast(5)) + ".txt", name) : (name, name + ".json")
    }

    /// Rejects a name whose files could not be written, before the work starts.
    static func check(_ name: String) throws {
        let folder = name.lastIndex(of: "/").map { String(name[...$0]) } ?? "."
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder), isFolder.boolValue
        else { throw CommandFailure(.wrongUse, "--report \(name): folder \(folder) does not exist") }
        guard FileManager.default.isWritableFile(atPath: folder) else {
            throw CommandFailure(.wrongUse, "--report \(name): folder \(folder) is not writable")
        }
    }

    /// Writes both files; each is written completely or not at all.
    func write(_ name: String) throws {
        let paths = Self.paths(name)
        try write(text, to: paths.text)
        try write(try json() + "\n", to: paths.json)
    }

    private var text: String {
        let head = [
            "Proof of delivery \(proof.id), created by spool \(proof.version)",
            "requested       \(proof.request.from) to \(proof.request.to)",
            "started, ended  \(proof.started), \(proof.finished.map(\.description) ?? "-") (local clock)",
            "Each SHA-256 covers the ids in byte order, each followed by a line feed; docs/proof.md shows",
            "how to recompute it with sqlite3 and sha256sum.",
        ]
        return (head + ["", ProofText(proof, missing, isWhole: true).text]).joined(separator: "\n") + "\n"
    }

    private func write(_ text: String, to path: String) throws {
        do {
            try NewFile(path: path, permissions: 0o640, replaces: true).write(text)
        } catch {
            throw CommandFailure(
                .wrongUse,
                "cannot write the report to \(path): "
                    + "its folder is missing or not writable, or the disk is full; "
                    + "the result is stored in the spool as proof \(proof.id)"
            )
        }
    }
}
