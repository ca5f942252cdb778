package import SpoolCore

/// What a fault of the source means for a stream: the word shown, and the pause before the next attempt.
package struct FetchTrouble: Sendable, Equatable {
    /// Faults with one remedy: while they follow each other the backoff grows.
    private enum Family: Equatable {
        case throttle, setting, link, size, scan

        init(_ kind: SourceFault.Kind) {
            switch kind {
            case .throttled: self = .throttle
            case .invalidToken, .forbidden, .rejected, .invalidProxy: self = .setting
            case .unreachable, .incomplete, .nonsense: self = .link
            case .tooLarge: self = .size
            case .scanLost: self = .scan
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
    /// Scans lost since one came to its end.
    private var lost = 0

    package init() {}

    /// A page came: the next fault is a first one again.
    ///
    /// A source that loses every scan after some pages is out of trouble only when one came to its end.
    ///
    /// - Returns: true when the trouble is over.
    package mutating func answered(endsScan: Bool) -> Bool {
        failures = 0
        family = nil
        if endsScan { lost = 0 }
        return lost == 0
    }

    /// Notes a fault.
    ///
    /// - Returns: the pause before the next attempt, at least what the source asked for.
    package mutating func note(_ fault: SourceFault, chance: Double) -> Duration {
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
            lost += 1
            return lost == 1 ? .zero : RetryPolicy.setting.delay(afterFailures: lost - 1, chance: chance)
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
        case .nonsense: "unusable answers"
        case .scanLost: "scan lost"
        }
    }
}
