import Foundation
import SpoolCore

/// The estimate of a replay as text.
struct EstimateText {
    let text: String

    /// - Parameters:
    ///   - request: the replay.
    ///   - estimate: its estimate.
    ///   - address: the address of its sink.
    ///   - isBesideLive: true if a daemon delivers to the same sink meanwhile.
    ///   - leavesOut: true if the spool's own notifications could be sent, but are excluded.
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
            "acknowledged by the receiver's TCP stack only; the receiver itself confirms nothing"
        )
        add(
            estimate.sent,
            "sent over UDP; \(Count.of(estimate.sent, "its", "their")) arrival is unknown"
        )
        add(
            estimate.doubtful,
            "doubtful: the receiver's kernel may have held \(Count.of(estimate.doubtful, "it", "them")) "
                + "unread when a connection did not end cleanly"
        )
        add(
            estimate.deadLetters,
            Count.of(
                estimate.deadLetters,
                "dead letter: refused by the receiver, or impossible to send",
                "dead letters: refused by the receiver, or impossible to send"
            )
        )
        add(
            estimate.stillToComeLive,
            "waiting for live delivery, and therefore not part of the replay"
        )
        if request.destination != nil {
            lines.append("  it is unknown which events this destination already has")
        } else if request.missingOnly, address.hasPrefix("udp://") {
            lines.append(
                "  over UDP arrival is unknown: --missing-only sends only events that were never sent"
            )
        }
        if leavesOut {
            let name = StreamName.notifications
            lines.append("  the spool's own notifications are excluded; `--stream \(name)` sends them again")
        }
        if request.refetch {
            lines.append(
                "  the window is read from the source first; new events found there are not counted here"
            )
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

/// Which part of a window the spool holds, if it does not hold all of it.
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
                "--refetch reads the window from the source first and adds what the spool does not hold"
            )
        }
        self.lines = lines
    }

    /// "contoso/alerts: the spool holds 12 events, occurred from … to …".
    private static func held(_ holding: ReplayEstimate.Holding, _ basis: ReplayBasis) -> String {
        guard let oldest = holding.oldest, let newest = holding.newest else {
            return "\(holding.name): the spool holds no events"
        }
        return "\(holding.name): the spool holds \(Count.text(holding.events, "event")), "
            + "\(basis.rawValue) from \(oldest) to \(newest)"
    }

    /// Events appear at the source with a delay of minutes: a smaller lag is normal and not mentioned.
    private static let usualLag = Duration.minutes(15)

    /// Why a part of the window is missing.
    private static func reason(_ holding: ReplayEstimate.Holding, _ request: ReplayRequest) -> String? {
        if let beginning = beginning(holding, request) { return beginning }
        guard let readTo = holding.readTo, readTo + usualLag < request.to else { return nil }
        return "its source has been read up to \(readTo) so far"
    }

    /// Why the start of the window is missing; nil if it is not.
    private static func beginning(_ holding: ReplayEstimate.Holding, _ request: ReplayRequest) -> String? {
        if let pruned = holding.prunedTo, request.from < pruned {
            return "retention has deleted events saved before \(pruned)"
        }
        if let start = holding.start, request.from < start {
            return "events saved before \(start) were not fetched: the stream starts there"
        }
        // The spool's own stream has no source.
        return nil
    }
}

/// How long a replay takes, and the basis of that estimate.
struct ReplayTime {
    /// The basis of the rate; the values in JSON.
    enum Basis: String, Encodable {
        /// `--rate`.
        case rate
        /// Measured while the sink was under sustained load.
        case measured
        /// The busiest minute of two days; the highest rate in the ledger; the last replay to the same
        /// destination.
        case minute, ledger, replay
    }

    /// Events per second; nil if nothing is known.
    let rate: Double?
    let basis: Basis?
    let seconds: Int?
    /// True if live delivery uses the other half.
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

    /// "about 2m, at 50 events per second (half the sink's measured rate)".
    var text: String {
        guard let basis, let rate, let seconds else {
            return "duration unknown: no throughput has been measured for this destination"
        }
        let pace = rate < 1 ? "less than 1 event" : Count.text(Int(rate.rounded()), "event")
        return
            "\(isLeast ? "at most " : "")about \(Age.text(.seconds(seconds))), at \(pace) per second "
            + "(\(Self.why(basis, isHalf)))"
    }

    /// True if the rate is a lower bound: the sink has never been under sustained load.
    private var isLeast: Bool { basis == .minute || basis == .ledger }

    private static func why(_ basis: Basis, _ isHalf: Bool) -> String {
        let half = isHalf ? "half " : ""
        return switch basis {
        case .rate: "--rate"
        case .measured: isHalf ? "half the sink's measured rate" : "the sink's last measured rate"
        case .minute:
            "\(half)the rate of its busiest minute in the last two days; "
                + "it has never been under sustained load"
        case .ledger: "\(half)the highest rate in its ledger; it has never been under sustained load"
        case .replay: "the rate of the last replay to it"
        }
    }
}
