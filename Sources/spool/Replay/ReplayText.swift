import Foundation
import SpoolControl
import SpoolCore

/// A replay as text.
struct ReplayText {
    let text: String

    init(_ replay: Replay) {
        let request = replay.request
        var lines = [
            "replay \(replay.id) to \(request.destination ?? replay.sink.text): \(replay.state.rawValue), "
                + "\(Grouped.text(replay.sent)) of \(Grouped.text(replay.total)) sent",
            "  window   \(request.from) to \(request.to), by \(request.basis.rawValue)",
            "  sends    \(Self.sends(replay))",
            "  streams  \(replay.streams.map(\.name.description).joined(separator: ", "))",
        ]
        if replay.skipped > 0 {
            lines.append("  skipped  \(Grouped.text(replay.skipped)), which the ledger shows as delivered")
        }
        if let rate = request.rate {
            lines.append("  rate     at most \(Count.text(rate, "event")) per second")
        }
        if let refetch = replay.refetch {
            let isOver = replay.state == .cancelled || replay.state == .disabled
            lines.append("  source   \(RefetchText(refetch, isOver: isOver).text)")
        }
        lines.append("  created  \(replay.created)")
        if let finished = replay.finished { lines.append("  ended    \(finished)") }
        if let reason = replay.reason { lines.append("  reason   \(reason.printable)") }
        if let trouble = replay.trouble { lines.append("  error    \(trouble.printable)") }
        text = lines.joined(separator: "\n")
    }

    private static func sends(_ replay: Replay) -> String {
        if replay.hasChosenEvents { return "only selected events" }
        return replay.request.missingOnly ? "events that the ledger does not show as delivered" : "all events"
    }
}

/// The progress of reading a window from the source, as text.
struct RefetchText {
    let text: String

    /// `isOver`: the replay has ended, whether everything was read or not.
    init(_ refetch: Refetch, isOver: Bool = false) {
        let seen = refetch.parts.reduce(0) { $0 + $1.seen }
        let inserted = refetch.parts.reduce(0) { $0 + $1.inserted }
        let recovered = refetch.parts.reduce(0) { $0 + $1.recovered }
        let begin =
            if refetch.isFixed {
                "was read"
            } else if isOver {
                "was abandoned at \(Self.share(refetch)) %"
            } else {
                "is being read, \(Self.share(refetch)) % so far"
            }
        text =
            "\(begin): \(Count.text(seen, "record")), \(Grouped.text(inserted)) of them new to the spool, "
            + "\(Grouped.text(recovered)) previously deleted by retention"
            + (refetch.trouble.map { "; \($0.printable)" } ?? "")
    }

    /// The percentage of the window's time that has been read.
    private static func share(_ refetch: Refetch) -> Int {
        var (read, all) = (0.0, 0.0)
        for part in refetch.parts {
            let whole = Double(part.to.since(part.from).milliseconds)
            let done = Double((part.place?.seenTo ?? part.from).since(part.from).milliseconds)
            all += whole
            read += min(max(done, 0), whole)
        }
        return all > 0 ? Int(100 * read / all) : 100
    }
}
