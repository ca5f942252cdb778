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

/// What the spool has of a window's time, where that is less than the window asks for.
struct HoldingText {
    let lines: [String]

    init(_ request: ReplayRequest, _ estimate: ReplayEstimate) {
        let isEmpty = estimate.inWindow + estimate.stillToComeLive == 0
        var lines: [String] = []
        for holding in estimate.holdings {
            let reason = Self.reason(holding, request)
            if isEmpty {
                lines.append(Self.held(holding, request.basis))
                if let reason { lines.append("  \(reason)") }
            } else if let reason {
                lines.append("\(holding.name): \(reason)")
            }
        }
        let isBefore = estimate.holdings.contains { Self.beginning($0, request) != nil }
        if isBefore, !request.refetch {
            lines.append(
                "--refetch reads the window from the source first, and brings what the spool does not hold"
            )
        }
        self.lines = lines
    }

    /// "contoso/alerts: the spool holds 12 events, occurred from … to …".
    private static func held(_ holding: ReplayEstimate.Holding, _ basis: ReplayBasis) -> String {
        guard let oldest = holding.oldest, let newest = holding.newest else {
            return "\(holding.name): the spool holds no event"
        }
        return "\(holding.name): the spool holds \(Count.text(holding.events, "event")), "
            + "\(basis.rawValue) from \(oldest) to \(newest)"
    }

    /// What happens appears at the source minutes later: so much behind is no reason for anything.
    private static let usualLag = Duration.minutes(15)

    /// Why a part of the window is not there.
    private static func reason(_ holding: ReplayEstimate.Holding, _ request: ReplayRequest) -> String? {
        if let beginning = beginning(holding, request) { return beginning }
        guard let readTo = holding.readTo, readTo + usualLag < request.to else { return nil }
        return "its source has been read up to \(readTo) so far"
    }

    /// Why it lacks the window's beginning; nil when it does not.
    private static func beginning(_ holding: ReplayEstimate.Holding, _ request: ReplayRequest) -> String? {
        if let pruned = holding.prunedTo, request.from < pruned {
            return "retention has deleted what was saved before \(pruned)"
        }
        if let start = holding.start, request.from < start {
            return "nothing that was saved before \(start) was fetched: the stream begins there"
        }
        // A stream of the spool's own has no source to be asked.
        return nil
    }
}

/// How long a replay takes, and on what that rests.
struct ReplayTime {
    /// What the rate was taken from; the words of JSON.
    enum Basis: String, Encodable {
        /// `--rate`.
        case rate
        /// Measured while the sink was fed without a pause.
        case measured
        /// Its busiest minute of two days, the most its ledger shows, the last replay to the same destination.
        case minute, ledger, replay
    }

    /// Events a second; nil when really nothing is known.
    let rate: Double?
    let basis: Basis?
    let seconds: Int?
    /// True when live delivery has the other half.
    let isHalf: Bool

    init(_ request: ReplayRequest, _ estimate: ReplayEstimate, isBesideLive: Bool) {
        let known: (rate: Double, basis: Basis)? =
            if let rate = request.rate {
                (Double(rate), .rate)
            } else if let rate = estimate.sinkRate, rate > 0 {
                (rate, .measured)
            } else if let seen = estimate.seenRate, seen.rate > 0 {
                (seen.rate, Self.basis(seen.basis))
            } else {
                nil
            }
        basis = known?.basis
        isHalf = isBesideLive && request.rate == nil
        let share = known.map { isBesideLive && $0.basis != .rate ? $0.rate / 2 : $0.rate }
        rate = share
        seconds = share.map { max(1, Int(min((Double(estimate.toSend) / $0).rounded(.up), 1e15))) }
    }

    private static func basis(_ seen: ReplayEstimate.SeenRate.Basis) -> Basis {
        switch seen {
        case .minute: .minute
        case .ledger: .ledger
        case .replay: .replay
        }
    }

    /// "about 2m, at 50 events a second (half of what the sink takes)".
    var text: String {
        guard let basis, let rate, let seconds else {
            return "how long that takes is not known: there is no record of how much it takes"
        }
        let pace = rate < 1 ? "less than 1 event" : Count.text(Int(rate.rounded()), "event")
        return
            "\(isLeast ? "at most " : "")about \(Age.text(.seconds(seconds))), at \(pace) a second (\(Self.why(basis, isHalf)))"
    }

    /// A sink that got little has shown only that it takes so much.
    private var isLeast: Bool { basis == .minute || basis == .ledger }

    private static func why(_ basis: Basis, _ isHalf: Bool) -> String {
        let half = isHalf ? "half of " : ""
        return switch basis {
        case .rate: "--rate"
        case .measured: isHalf ? "half of what the sink takes" : "what the sink took last"
        case .minute:
            "\(half)what it took in its busiest minute of the last two days; it was never fed for longer"
        case .ledger: "\(half)the most that its ledger shows; it was never fed for longer"
        case .replay: "what the last replay to it came to"
        }
    }
}
