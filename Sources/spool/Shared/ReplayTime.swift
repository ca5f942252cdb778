import SpoolCore

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
