import SpoolControl
import SpoolCore
import SpoolStore

/// The page's first sentence: is everything being forwarded, and if not, what stands in the way.
struct Verdict: Sendable, Equatable {
    enum Level: String, Sendable {
        /// Everything is forwarded.
        case well
        /// Events wait longer than a moment, and are on their way.
        case busy
        /// Something stands still, or somebody has to look at it.
        case trouble
    }

    /// What is settled sooner was never late: a receiver's confirmation takes its seconds.
    static let moment = Duration.seconds(30)
    /// Notifications of these severities are told in the first sentence.
    private static let serious = Set([NotificationSeverity.error, .critical].map(\.rawValue))

    var level: Level
    var headline: String
    /// One sentence for each part that stands still, with since when and how much waits.
    var details: [String]

    /// What a screen reader is told of when it changes: no numbers, which change all the time.
    var spoken: String { headline }

    init(_ facts: PageFacts) {
        let report = facts.report
        let streams = report.streams.filter { $0.error != nil }
        let sinks = report.sinks.filter(Self.standsStill)
        details = []
        if let paused = report.spool.paused { details.append("Fetching stands still: \(paused)") }
        details += streams.map { Self.sentence($0, facts.now) }
        details += sinks.map { Self.sentence($0, facts.now) }
        let holes = facts.day.lanes.filter { !$0.gaps.isEmpty }
        details += holes.map {
            "\($0.name): \($0.summary(now: facts.now)), never proved to be read."
        }
        let dead = report.sinks.filter { $0.deadLetters > 0 && $0.state != "disabled" }
        details += dead.map {
            "\($0.name): \(Wording.count($0.deadLetters, "dead letter")), refused by its receiver for good."
        }
        let proof = report.proof.flatMap { $0.missing > 0 ? $0 : nil }
        let told = Set(streams.map(\.name) + sinks.map(\.name))
        // Of what an audit found, the proof itself tells more.
        let notes = report.notifications.filter { note in
            Self.serious.contains(note.severity) && !told.contains(note.subject)
                && note.message != report.spool.paused
                && !(proof != nil && note.code == AuditCode.missing.rawValue)
        }
        details += notes.map { Self.sentence($0, facts.now) }
        if let proof { details.append(Self.sentence(proof, facts.now)) }
        let waiting = facts.waiting
        if !details.isEmpty {
            level = .trouble
            headline = Self.headline(
                paused: report.spool.paused != nil,
                streams: streams.map(\.name),
                sinks: sinks.map(\.name),
                others: Self.others(
                    holes: holes.map(\.name),
                    dead: dead.map(\.name),
                    codes: notes.map(\.code),
                    isProofBad: proof != nil
                )
            )
        } else if facts.wait < Self.moment {
            level = .well
            headline = "Everything is forwarded."
            if waiting > 0 { details = ["\(Wording.count(waiting, "event")) on the way."] }
        } else {
            level = .busy
            headline = "Catching up."
            details = [
                "\(Wording.count(waiting, "event")) on the way, the oldest in the spool for "
                    + "\(Wording.length(facts.wait))."
            ]
        }
    }

    private static func standsStill(_ sink: SinkStatus) -> Bool {
        !["connected", "created", "disabled"].contains(sink.state)
    }

    private static func headline(paused: Bool, streams: [String], sinks: [String], others: [String])
        -> String
    {
        var parts: [String] = []
        if paused { parts.append("Fetching stands still") }
        if !streams.isEmpty { parts.append("\(list(streams)) cannot be read") }
        if !sinks.isEmpty { parts.append("\(list(sinks)) \(sinks.count == 1 ? "takes" : "take") no events") }
        if parts.isEmpty { parts = others }
        // A name keeps its small letter at the beginning, too.
        return parts.joined(separator: ", and ") + "."
    }

    /// What somebody has to look at while nothing stands still.
    private static func others(holes: [String], dead: [String], codes: [String], isProofBad: Bool)
        -> [String]
    {
        var parts: [String] = []
        if !holes.isEmpty { parts.append("\(list(holes)) \(holes.count == 1 ? "has" : "have") gaps") }
        if !dead.isEmpty { parts.append("\(list(dead)) \(dead.count == 1 ? "has" : "have") dead letters") }
        let different = codes.reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
        if !different.isEmpty {
            parts.append("\(list(different)) \(different.count == 1 ? "stands" : "stand")")
        }
        if isProofBad { parts.append("\(parts.isEmpty ? "The" : "the") last proof found missing events") }
        return parts
    }

    private static func sentence(_ note: NotificationStatus, _ now: Timestamp) -> String {
        let subject = note.subject.isEmpty ? "" : " (\(note.subject))"
        return "\(note.code)\(subject) stands since \(Wording.time(note.at, now: now)) UTC, see below."
    }

    private static func sentence(_ proof: ProofStatus, _ now: Timestamp) -> String {
        let fetched = proof.fetched > 0 ? ", \(Wording.number(proof.fetched)) of them fetched at once" : ""
        return "The proof of \(Wording.time(proof.finished, now: now)) UTC found "
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
            text += ", last took something \(Wording.length(now.since(success))) ago"
        }
        text +=
            sink.backlog == 0 ? "; nothing waits." : "; \(Wording.count(sink.backlog, "event")) kept for it."
        if let error = sink.error { text += " \(error)" }
        return text
    }

    private static func list(_ names: [String]) -> String {
        guard let last = names.last, names.count > 1 else { return names.first ?? "" }
        return names.dropLast().joined(separator: ", ") + " and \(last)"
    }
}
