import SpoolControl
import SpoolCore

/// A gap of a stream in a sentence.
enum GapText {
    static func of(_ gap: GapStatus, at now: Timestamp, daemonRuns: Bool = true) -> String {
        let end = gap.to ?? now
        let length = Age.text(max(.zero, end.since(gap.from)))
        let span = "\(gap.from) to \(end) (\(length))"
        switch gap.kind {
        case .unread:
            guard gap.to != nil else {
                let cure = daemonRuns ? "the source answers" : "a daemon runs and the source answers"
                return "GAP since \(gap.from) (\(length)): not read; it heals by itself when \(cure)"
            }
            guard let healed = gap.healed else {
                return "GAP \(span): \(daemonRuns ? "being read now" : "not all of it was read")"
            }
            return "gap \(span), healed \(healed)"
        case .unproved:
            return "GAP \(span): no window with today's filters proves that it was read; `spool verify` tells"
        case .lost:
            let events = gap.events.map { Count.text($0, "event") } ?? "events"
            return "LOST \(span): retention took \(events) before sink \(gap.sink ?? "?") came back"
        }
    }
}
