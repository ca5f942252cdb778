import SpoolControl
import SpoolCore

/// A proof in one line, for `status`.
struct ProofLine {
    let text: String

    init(_ proof: ProofStatus) {
        // Seconds are enough for one line.
        var facts = "\(Age.text(proof.to.since(proof.from))) up to \(proof.to.description.prefix(19))Z"
        if let streams = proof.streams { facts += " of \(streams.joined(separator: ", "))" }
        facts += ": " + (proof.unproved == .all ? "nothing of it could be compared" : Self.result(proof))
        text = facts + (proof.reason == "audit" ? ", by the daemon itself" : "")
    }

    private static func result(_ proof: ProofStatus) -> String {
        var facts = "\(Grouped.text(proof.events)) events, "
        facts += proof.missing == 0 ? "0 missing" : "\(Grouped.text(proof.missing)) MISSING"
        if proof.fetched > 0 { facts += " (\(Grouped.text(proof.fetched)) of them fetched at once)" }
        return facts + (proof.unproved == nil ? "" : ", not complete: \(proof.reasons)")
    }
}

/// A proof for people: the verdict first, then each stream with its sinks, then the missing by name.
struct ProofText {
    /// So many names of a cause are shown; all that are kept with `isWhole`.
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

    /// One line that says it all.
    var verdict: String {
        switch proof.state {
        case .failed: return "proof \(proof.id) could not be done: \(proof.error ?? "its cause is not known")"
        case .stopped:
            return "proof \(proof.id) was ended before its end, and proves nothing: "
                + (proof.error ?? "run it again")
        case .running: return "proof \(proof.id) is running"
        case .done: break
        }
        guard proof.isCompared else { return "proof \(proof.id): nothing of this window can be compared" }
        let events = "\(Grouped.text(proof.events)) events"
        guard proof.missing == 0 else {
            return "proof \(proof.id): \(events), \(Grouped.text(proof.missing)) MISSING"
        }
        return "proof \(proof.id): \(events), 0 missing"
            + (proof.isComplete ? "" : "; not complete: \(reasons)")
    }

    private var reasons: String { proof.shortfalls.map(\.words).joined(separator: ", ") }

    /// What to do about a window that is not proved, in one short line; nil when nothing is missing and the delivery of
    /// at least one event is proved, or there was none.
    var remedy: String? {
        guard proof.isCompared else { return nothing }
        guard proof.missing > 0 else {
            return proof.provesNothing ? "no delivery of this window is proved: \(reasons)" : nil
        }
        let events = proof.missing == 1 ? "1 event" : "\(Grouped.text(proof.missing)) events"
        guard proof.request.repair == .none else {
            let were = proof.missing == 1 ? "was" : "were"
            return "\(events) \(were) missing; run verify again to prove the repair"
        }
        return "\(events) \(proof.missing == 1 ? "is" : "are") missing; `spool verify … --repair` mends it"
    }

    /// Time helps only where it is too early.
    private var nothing: String {
        guard !proof.streams.isEmpty, proof.streams.allSatisfy(Self.beginsLater) else {
            return "nothing of this window can be compared yet; try again later, or with an earlier --to"
        }
        return "nothing of this window can be compared: it ends before the streams begin"
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
                "\(stream.name): nothing of this window can be compared"
                    + (Self.beginsLater(stream) ? ": the stream begins later" : " yet")
            )
        }
        if let from = stream.tooEarlyFrom {
            lines.append(
                "  from \(from) on it is too early to say: the stream has not been read twice up to there"
            )
        }
        if let start = stream.start {
            lines.append("  before \(start) the stream was not fetched: it begins there")
        }
        for part in stream.unproved {
            lines.append(
                "  \(part.from) to \(part.to) CANNOT BE PROVED: an empty answer for something older than 30 days proves "
                    + "nothing"
            )
        }
        guard stream.compared != nil else { return lines.joined(separator: "\n") }
        lines.append("  source  \(list(stream.source))")
        lines.append("  spool   \(list(stream.spool))")
        add(stream.neverFetched, "NEVER FETCHED")
        add(stream.fetched, "of them have been fetched now; they go live to every sink")
        if stream.mending == true { lines.append("  THE REPAIR OF THIS STREAM IS NOT FINISHED") }
        add(
            stream.pruned,
            "deleted by retention, after each sink had settled them; their delivery is no longer provable"
        )
        add(
            stream.noLongerProvable,
            "no longer provable: the source shows them, and the ids that retention deleted then are not kept"
        )
        add(stream.gone, "in the spool are no longer shown by the source")
        add(
            stream.unreadable,
            "records of the source could not be understood; they are kept by their content"
        )
        if stream.sinks.isEmpty, stream.notTaken.isEmpty {
            lines.append("  NO SINK takes this stream: nothing is proved of a delivery")
        }
        for name in stream.notTaken {
            lines.append("  sink \(name) does not take this stream: nothing is proved of a delivery to it")
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
            "read by the receiver: it closed the connection cleanly afterwards, or so many bytes followed "
                + "that its kernel cannot hold them unread"
        )
        add(
            sink.pending,
            "NOT YET PROVED: the receiver's kernel has them, over a connection that is still open; whether the "
                + "receiver reads them shows when the connection is next reopened"
        )
        add(sink.sent, "handed to the network (UDP); nothing is known of their arrival")
        add(sink.filtered, "left out by its filter: not delivered")
        add(sink.beforeStart, "spooled before it began to take the stream: not delivered")
        add(sink.dismissed, "dead letters that an operator has dismissed: not delivered")
        add(sink.pruned, "deleted by retention during the comparison, after it had settled them")
        add(
            sink.unsettled,
            "UNSETTLED" + (sink.waiting > 0 ? " (\(sink.waiting) wait in its live lane)" : "")
        )
        add(sink.deadLetters, "DEAD LETTERS: the receiver refused them, or they could not be sent")
        add(
            sink.doubtful,
            "DOUBTFUL: the receiver's kernel may have held them unread when a connection did not end cleanly"
        )
        add(
            sink.unrepairable,
            "of them were deleted by retention before the repair; `spool replay --refetch` reads them from the source"
        )
        for replay in sink.replays {
            lines.append("    replay \(replay) sends them; `spool replay show \(replay)` tells how far it is")
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
