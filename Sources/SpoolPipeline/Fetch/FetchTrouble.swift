package import SpoolCore

/// What a fault of the source means for a stream: the word shown, and the pause before the next attempt.
package struct FetchTrouble: Sendable, Equatable {
    /// Faults with one remedy: while they follow each other the backoff grows.
    private enum Family: Equatable {
        case throttle, setting, link, size, scan, end

        init(_ kind: SourceFault.Kind) {
            switch kind {
            case .throttled: self = .throttle
            case .invalidToken, .forbidden, .rejected, .invalidProxy: self = .setting
            case .unreachable, .incomplete, .nonsense: self = .link
            case .tooLarge: self = .size
            case .scanLost: self = .scan
            case .unended: self = .end
            }
        }
    }

    /// The words of faults that only another setting mends, whoever waits how long.
    package static let settingWords = Set(
        [SourceFault.Kind.invalidToken, .forbidden, .rejected, .invalidProxy]
            .map(word)
    )

    private var failures = 0
    private var family: Family?
    /// After so many answers in a row without an end, the scan's place is no longer trusted.
    static let unendedAtOnePlace = 10

    /// Scans that were lost or came to no end since one did, by their reason: what polls prove says nothing of sweeps.
    private var lost: [Scan.Reason: Int] = [:]

    package init() {}

    /// A page came: the next fault is a first one again.
    ///
    /// A source that loses every scan after some pages, or never says that one is at its end, is out of trouble only
    /// when one of the same reason came to its end.
    ///
    /// - Returns: true when the trouble is over.
    package mutating func answered(_ reason: Scan.Reason = .poll, endsScan: Bool) -> Bool {
        failures = 0
        family = nil
        if endsScan { lost[reason] = nil }
        return lost.isEmpty
    }

    /// True when a scan has to begin again after a fault that is about to be noted, rather than go on at its place.
    ///
    /// An open poll that is told no end always does: nothing of it counts as read, `since` stands, and the next one
    /// reads from there. The place of any other is asked again, in case the source has forgotten it not for ever.
    package func beginsAgain(_ scan: Scan, after fault: SourceFault) -> Bool {
        switch fault.kind {
        case .scanLost: true
        case .unended:
            (scan.reason == .poll && scan.to == nil)
                || (lost[scan.reason, default: 0] + 1).isMultiple(of: Self.unendedAtOnePlace)
        default: false
        }
    }

    /// Notes a fault of a scan of this reason.
    ///
    /// - Returns: the pause before the next attempt, at least what the source asked for.
    package mutating func note(_ fault: SourceFault, of reason: Scan.Reason = .poll, chance: Double)
        -> Duration
    {
        let family = Family(fault.kind)
        failures = family == self.family ? failures + 1 : 1
        self.family = family
        switch family {
        case .throttle:
            // The wait is usually one minute where the answer does not tell it.
            var least = Duration.seconds(60)
            if case .throttled(let asked?) = fault.kind { least = asked }
            return min(max(least, .seconds(1)), .seconds(900)) + .seconds(5) * chance
        case .setting:
            return RetryPolicy.setting.delay(afterFailures: failures, chance: chance)
        case .link:
            return RetryPolicy.link.delay(afterFailures: failures, chance: chance)
        case .size:
            // Smaller pages are the remedy; 20 halvings are more than any limit has.
            return failures < 20
                ? .zero : RetryPolicy.link.delay(afterFailures: failures - 19, chance: chance)
        case .scan:
            lost[reason, default: 0] += 1
            let lost = lost[reason, default: 0]
            return lost == 1 ? .zero : RetryPolicy.setting.delay(afterFailures: lost - 1, chance: chance)
        case .end:
            lost[reason, default: 0] += 1
            return RetryPolicy.unended.delay(afterFailures: lost[reason, default: 0], chance: chance)
        }
    }

    /// The state's word, as `status` shows it; "Invalid token" and "Invalid proxy address" are the old agent's.
    package static func word(_ kind: SourceFault.Kind) -> String {
        switch kind {
        case .throttled: "throttled"
        case .invalidToken: "invalid token"
        case .forbidden: "forbidden"
        case .rejected: "filters refused"
        case .invalidProxy: "invalid proxy address"
        case .unreachable: "unreachable"
        case .incomplete: "incomplete answers"
        case .tooLarge: "answers too large"
        case .nonsense, .unended: "unusable answers"
        case .scanLost: "scan lost"
        }
    }
}
