import SpoolControl
import SpoolCore

/// A gap of a stream in a sentence.
enum GapText {
    static func of(_ gap: GapStatus, at now: Timestamp) -> String {
        let end = gap.to ?? now
        let length = Age.text(max(.zero, end.since(gap.from)))
        let span = "\(gap.from) to \(end) (\(length))"
        switch gap.kind {
        case .unread:
            guard gap.to != nil else {
                return
                    "GAP since \(gap.from) (\(length)): not read; it heals by itself when the source answers"
            }
            guard let healed = gap.healed else {
                return "GAP \(span): being read now"
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
