import Foundation
import SpoolControl
import SpoolCore

/// A replay in words.
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
            lines.append("  left out \(Grouped.text(replay.skipped)), which the ledger shows to be there")
        }
        if let rate = request.rate {
            lines.append("  rate     at most \(Count.text(rate, "event")) a second")
        }
        if let refetch = replay.refetch {
            let isOver = replay.state == .cancelled || replay.state == .disabled
            lines.append("  source   \(RefetchText(refetch, isOver: isOver).text)")
        }
        lines.append("  made     \(replay.created)")
        if let finished = replay.finished { lines.append("  ended    \(finished)") }
        if let reason = replay.reason { lines.append("  because  \(reason.printable)") }
        if let trouble = replay.trouble { lines.append("  trouble  \(trouble.printable)") }
        text = lines.joined(separator: "\n")
    }

    private static func sends(_ replay: Replay) -> String {
        if replay.hasChosenEvents { return "exactly these events" }
        return replay.request.missingOnly ? "what the ledger does not show the sink to have" : "all of it"
    }
}

/// How far the reading of a window from the source is, in words.
struct RefetchText {
    let text: String

    /// `isOver`: the replay has ended, whether all was read or not.
    init(_ refetch: Refetch, isOver: Bool = false) {
        let seen = refetch.parts.reduce(0) { $0 + $1.seen }
        let inserted = refetch.parts.reduce(0) { $0 + $1.inserted }
        let recovered = refetch.parts.reduce(0) { $0 + $1.recovered }
        let begin =
            if refetch.isFixed {
                "was read"
            } else if isOver {
                "was given up at \(Self.share(refetch)) %"
            } else {
                "is being read, \(Self.share(refetch)) % so far"
            }
        text =
            "\(begin): \(Count.text(seen, "record")), of them \(Grouped.text(inserted)) new to the spool, "
            + "\(Grouped.text(recovered)) that retention had taken"
            + (refetch.trouble.map { "; \($0.printable)" } ?? "")
    }

    /// How much of the window's time has been read.
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
