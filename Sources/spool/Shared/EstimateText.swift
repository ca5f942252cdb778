import Foundation
import SpoolCore

/// What a replay would do, in words.
struct EstimateText {
    let text: String

    /// - Parameters:
    ///   - request: the replay.
    ///   - estimate: what it comes to.
    ///   - address: where its sink sends to.
    ///   - isBesideLive: true when a daemon delivers to the same sink meanwhile.
    ///   - leavesOut: true when the spool's own notifications could be sent, and are not.
    init(
        _ request: ReplayRequest,
        _ estimate: ReplayEstimate,
        address: String,
        isBesideLive: Bool,
        leavesOut: Bool = false
    ) {
        var lines = [
            "\(request.destination ?? request.sink.text): \(Count.text(estimate.inWindow, "event")) "
                + "\(request.basis.rawValue) from \(request.from) to \(request.to)"
        ]
        func add(_ count: Int, _ what: String) {
            if count > 0 { lines.append("  \(Grouped.text(count)) \(what)") }
        }
        lines += HoldingText(request, estimate).lines.map { "  " + $0 }
        add(estimate.acknowledged, "acknowledged by the receiver")
        add(
            estimate.kernel,
            "written to the receiver's socket, its kernel has \(Count.of(estimate.kernel, "it", "them")); "
                + "the receiver said nothing"
        )
        add(
            estimate.sent,
            "handed to the network (UDP); nothing is known of \(Count.of(estimate.sent, "its", "their")) arrival"
        )
        add(
            estimate.doubtful,
            "doubtful: the receiver's kernel may have held \(Count.of(estimate.doubtful, "it", "them")) unread when a "
                + "connection did not end cleanly"
        )
        add(
            estimate.deadLetters,
            Count.of(
                estimate.deadLetters,
                "dead letter: the receiver refused it, or it could not be sent",
                "dead letters: the receiver refused them, or they could not be sent"
            )
        )
        add(
            estimate.stillToComeLive,
            "still to come live; \(Count.of(estimate.stillToComeLive, "it is", "they are")) not part of a replay"
        )
        if request.destination != nil {
            lines.append("  nothing is known of what this destination already has")
        } else if request.missingOnly, address.hasPrefix("udp://") {
            lines.append(
                "  over UDP nothing is known of arrival: missing only means what was never handed to the network"
            )
        }
        if leavesOut {
            let name = StreamName.notifications
            lines.append("  the spool's own notifications are left out; `--stream \(name)` sends them again")
        }
        if request.refetch {
            lines.append("  the window is read from the source first; what that brings is not counted here")
        }
        lines.append(
            "  \(Grouped.text(estimate.toSend)) would be sent"
                + (request.missingOnly || request.destination != nil ? "" : " again")
                + (request.missingOnly ? " (missing only)" : "")
        )
        if estimate.toSend > 0 {
            lines.append("  " + ReplayTime(request, estimate, isBesideLive: isBesideLive).text)
        }
        text = lines.joined(separator: "\n")
    }
}
