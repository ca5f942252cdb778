import SpoolControl
import SpoolCore

/// The page's first sentence: is everything being forwarded, and if not, what stands in the way.
struct Verdict: Sendable, Equatable {
    enum Level: String, Sendable {
        /// Everything is forwarded.
        case well
        /// Events wait longer than a moment, and are on their way.
        case busy
        /// Something stands still.
        case trouble
    }

    /// What is settled sooner was never late: a receiver's confirmation takes its seconds.
    static let moment = Duration.seconds(30)

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
            "\($0.name) has \($0.summary(now: facts.now)) that were never proved to be read."
        }
        let waiting = facts.waiting
        if !details.isEmpty {
            level = .trouble
            headline = Self.headline(
                paused: report.spool.paused != nil,
                streams: streams.map(\.name),
                sinks: sinks.map(\.name),
                holes: holes.map(\.name)
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

    private static func headline(paused: Bool, streams: [String], sinks: [String], holes: [String]) -> String
    {
        var parts: [String] = []
        if paused { parts.append("Fetching stands still") }
        if !streams.isEmpty { parts.append("\(list(streams)) cannot be read") }
        if !sinks.isEmpty { parts.append("\(list(sinks)) \(sinks.count == 1 ? "takes" : "take") no events") }
        if parts.isEmpty { parts.append("\(list(holes)) \(holes.count == 1 ? "has" : "have") gaps") }
        // A name keeps its small letter at the beginning, too.
        return parts.joined(separator: ", and ") + "."
    }

    private static func sentence(_ stream: StreamStatus, _ now: Timestamp) -> String {
        let since = stream.errorSince.map { " since \(Wording.time($0, now: now)) UTC" } ?? ""
        let upTo = stream.since.map { ", read up to \(Wording.time($0, now: now)) UTC" } ?? ""
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
