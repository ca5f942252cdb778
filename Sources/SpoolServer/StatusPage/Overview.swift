import SpoolControl
import SpoolCore
import SpoolEngine
import SpoolStore

/// The first sentence of the page: whether everything is being forwarded, and if not, what prevents it.
struct Overview: Sendable, Equatable {
    enum Level: String, Sendable {
        /// Everything is forwarded.
        case well
        /// Events have been waiting for longer than `moment`, but are being forwarded.
        case busy
        /// Something has stopped, or needs an operator.
        case trouble
    }

    /// Shorter waits do not count as late: a receiver's confirmation takes seconds.
    static let moment = Duration.seconds(30)
    /// Maximum number of names in a headline, and of sentences below it.
    private static let mostNames = 4
    private static let mostDetails = 12
    /// Notifications of these severities are reported in the first sentence.
    private static let serious: Set<NotificationSeverity> = [.error, .critical]

    var level: Level
    var headline: String
    /// One sentence for each part with a problem: since when, and how many events wait.
    var details: [String]

    /// The text that a screen reader announces when it changes: without numbers, which change constantly.
    var spoken: String { headline }

    init(_ facts: PageFacts) {
        let report = facts.report
        let streams = report.streams.filter { $0.error != nil }
        let sinks = report.sinks.filter(Self.standsStill)
        details = []
        if let paused = report.spool.paused { details.append("Fetching is paused: \(paused)") }
        details += streams.map { Self.sentence($0, facts.now) }
        details += sinks.map { Self.sentence($0, facts.now) }
        let untaken = report.fetchedStreams.filter { $0.sinks == 0 }
        details += untaken.map {
            "\($0.name): no sink receives it; its events stay in the spool until retention deletes them."
        }
        let told = Set(streams.map(\.name) + sinks.map(\.name))
        let holes = facts.day.lanes.filter { lane in
            lane.gaps.contains { $0.cause == .unproved || $0.cause == .open && !told.contains(lane.name) }
        }
        details += holes.flatMap { Self.sentences($0, isTold: told.contains($0.name), facts.now) }
        let dead = report.sinks.filter { $0.deadLetters > 0 && $0.state != "disabled" }
        details += dead.map {
            "\($0.name): \(Wording.count($0.deadLetters, "dead letter")), "
                + "permanently rejected by the receiver."
        }
        let proofs = [report.audit, report.proof].compactMap { $0 }.filter { $0.missing > 0 }
        // The proof of an audit is more informative than its notification.
        let isAuditBad = proofs.contains { $0.id == report.audit?.id }
        let notes = report.notifications.filter { note in
            Self.serious.contains(note.severity) && !told.contains(note.subject)
                && note.message != report.spool.paused
                && !(isAuditBad && note.code == AuditCode.missing.rawValue)
        }
        details += notes.map { Self.sentence($0, facts.now) }
        details += proofs.map { Self.sentence($0, facts.now) }
        let waiting = facts.waiting
        let healing = facts.day.lanes.filter { lane in lane.gaps.contains { $0.cause == .healing } }
        if !details.isEmpty {
            level = .trouble
            headline = Self.headline(
                paused: report.spool.paused != nil,
                streams: streams.map(\.name),
                sinks: sinks.map(\.name),
                others: Self.others(
                    untaken: untaken.map(\.name),
                    holes: holes.map(\.name),
                    dead: dead.map(\.name),
                    codes: notes.map(\.code),
                    isProofBad: !proofs.isEmpty
                )
            )
        } else if let unread = report.fetchedStreams.first(where: { $0.state == "created" }) {
            level = .busy
            headline = "Waiting for the first answer."
            details = ["\(unread.name): its source has not answered yet."]
        } else if facts.wait < Self.moment && healing.isEmpty {
            level = .well
            headline = "Everything is forwarded."
            if waiting > 0 { details = ["\(Wording.count(waiting, "event")) on the way."] }
        } else {
            level = .busy
            headline = "Catching up."
            if waiting > 0 {
                details.append(
                    "\(Wording.count(waiting, "event")) on the way, the oldest in the spool for "
                        + "\(Wording.length(facts.wait))."
                )
            }
            details += healing.map {
                "\($0.name): \(CoverageLane.words($0.gaps)), not read on schedule, being read now."
            }
        }
        if details.count > Self.mostDetails {
            let more = details.count - Self.mostDetails
            details = details.prefix(Self.mostDetails) + ["And \(more) more: see the tables below."]
        }
    }

    /// True for a sink that receives no events, or has dead letters.
    static func isTroubled(_ sink: SinkStatus) -> Bool {
        standsStill(sink) || sink.deadLetters > 0 && sink.state != "disabled"
    }

    private static func standsStill(_ sink: SinkStatus) -> Bool {
        !["connected", "created", "disabled"].contains(sink.state)
    }

    private static func headline(paused: Bool, streams: [String], sinks: [String], others: [String])
        -> String
    {
        var parts: [String] = []
        if paused { parts.append("Fetching is paused") }
        if !streams.isEmpty { parts.append("\(list(streams)) cannot be read") }
        if !sinks.isEmpty {
            parts.append("\(list(sinks)) \(sinks.count == 1 ? "receives" : "receive") no events")
        }
        if parts.isEmpty { parts = others }
        // A name at the beginning is not capitalized.
        return parts.joined(separator: ", and ") + "."
    }

    /// Problems that need an operator while nothing has stopped.
    private static func others(
        untaken: [String],
        holes: [String],
        dead: [String],
        codes: [String],
        isProofBad: Bool
    )
        -> [String]
    {
        var parts: [String] = []
        if !untaken.isEmpty { parts.append("no sink receives \(list(untaken))") }
        if !holes.isEmpty { parts.append("\(list(holes)) \(holes.count == 1 ? "has" : "have") gaps") }
        if !dead.isEmpty { parts.append("\(list(dead)) \(dead.count == 1 ? "has" : "have") dead letters") }
        let different = codes.reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
        if !different.isEmpty {
            parts.append("\(list(different)) \(different.count == 1 ? "is active" : "are active")")
        }
        if isProofBad { parts.append("\(parts.isEmpty ? "The" : "the") last proof found missing events") }
        return parts
    }

    /// Times of a stream that are not proved to have been read; that it is not being read is included only if
    /// it was not reported already.
    private static func sentences(_ lane: CoverageLane, isTold: Bool, _ now: Timestamp) -> [String] {
        let unproved = lane.gaps.filter { $0.cause == .unproved }
        var sentences: [String] = []
        if !unproved.isEmpty {
            sentences.append("\(lane.name): \(CoverageLane.words(unproved)), never proved to have been read.")
        }
        if !isTold, let open = lane.gaps.first(where: { $0.cause == .open }) {
            sentences.append(
                "\(lane.name): not read since \(Wording.time(open.from, now: now)) UTC; it heals by itself "
                    + "when the source answers."
            )
        }
        return sentences
    }

    private static func sentence(_ note: SpoolNotification, _ now: Timestamp) -> String {
        let subject = note.subject.isEmpty ? "" : " (\(note.subject))"
        return "\(note.code)\(subject) has been active since \(Wording.time(note.at, now: now)) "
            + "UTC, see below."
    }

    private static func sentence(_ proof: ProofStatus, _ now: Timestamp) -> String {
        let fetched =
            proof.fetched > 0 ? ", \(Wording.number(proof.fetched)) of them fetched immediately" : ""
        let name = proof.reason == "audit" ? "audit" : "proof"
        return "The \(name) of \(Wording.time(proof.finished, now: now)) UTC found "
            + "\(Wording.count(proof.missing, "event")) missing\(fetched)."
    }

    private static func sentence(_ stream: StreamStatus, _ now: Timestamp) -> String {
        let since = stream.errorSince.map { " since \(Wording.time($0, now: now)) UTC" } ?? ""
        let upTo = stream.readTo.map { ", read up to \(Wording.time($0, now: now)) UTC" } ?? ""
        return "\(stream.name): \(stream.state)\(since)\(upTo). \(stream.error ?? "")"
    }

    private static func sentence(_ sink: SinkStatus, _ now: Timestamp) -> String {
        var text = "\(sink.name): \(sink.state)"
        if let success = sink.lastSuccess {
            text += ", last settled \(Wording.length(now.since(success))) ago"
        }
        text +=
            sink.backlog == 0
            ? "; nothing is waiting." : "; \(Wording.count(sink.backlog, "event")) kept for it."
        if let error = sink.error { text += " \(error)" }
        return text
    }

    /// All names if there are few; otherwise the first ones and the number of others, which the tables show.
    private static func list(_ names: [String]) -> String {
        guard names.count > mostNames else { return Listing.text(names) }
        return names.prefix(mostNames - 1).joined(separator: ", ")
            + " and \(names.count - mostNames + 1) more"
    }
}
