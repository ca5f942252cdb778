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
            "\(request.destination ?? request.sink.text): \(estimate.inWindow) events \(request.basis.rawValue) from "
                + "\(request.from) to \(request.to)"
        ]
        func add(_ count: Int, _ what: String) {
            if count > 0 { lines.append("  \(count) \(what)") }
        }
        add(estimate.acknowledged, "acknowledged by the receiver")
        add(
            estimate.kernel,
            "written to the receiver's socket, its kernel has them; the receiver said nothing"
        )
        add(estimate.sent, "handed to the network (UDP); nothing is known of their arrival")
        add(estimate.doubtful, "doubtful: the last on a connection that did not end cleanly")
        add(estimate.deadLetters, "dead letters: the receiver refused them")
        add(estimate.stillToComeLive, "still to come live; they are not part of a replay")
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
            "  \(estimate.toSend) would be sent\(request.missingOnly || request.destination != nil ? "" : " again")"
                + (request.missingOnly ? " (missing only)" : "")
        )
        if estimate.toSend > 0 {
            lines.append("  " + Self.time(request, estimate, isBesideLive: isBesideLive))
        }
        text = lines.joined(separator: "\n")
    }

    private static func time(_ request: ReplayRequest, _ estimate: ReplayEstimate, isBesideLive: Bool)
        -> String
    {
        func sentence(_ rate: Double, _ why: String) -> String {
            let seconds = max(1, Int((Double(estimate.toSend) / rate).rounded(.up)))
            return
                "about \(Age.text(.seconds(seconds))), at \(Int(rate.rounded(.up))) events a second (\(why))"
        }
        if let rate = request.rate { return sentence(Double(rate), "--rate") }
        guard let rate = estimate.sinkRate, rate > 0 else {
            return "how long that takes is not known: what this sink takes was not measured yet"
        }
        return isBesideLive
            ? sentence(rate / 2, "half of what the sink takes")
            : sentence(rate, "what the sink took last")
    }
}
