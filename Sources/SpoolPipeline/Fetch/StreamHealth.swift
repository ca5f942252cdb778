package import SpoolCore

/// The results of a stream's last requests: the state shown, the pause before the next attempt, and the size
/// of the next page.
package struct StreamHealth: Sendable, Equatable {
    /// Faults with the same remedy; the backoff grows while consecutive faults belong to one family.
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

    /// The states that only a settings change can fix, however long one waits.
    package static let settingWords = Set(
        [SourceFault.Kind.invalidToken, .forbidden, .rejected, .invalidProxy]
            .map(word)
    )

    /// The size of the next page.
    package var limit: PageLimit
    private var failures = 0
    private var family: Family?
    /// After this many consecutive answers without an end, the scan's position is no longer trusted.
    static let unendedAtOnePlace = 10

    /// Scans that were lost or did not end since the last one that ended.
    ///
    /// They are counted per reason, because a successful poll says nothing about sweeps.
    private var lost: [Scan.Reason: Int] = [:]

    /// - Parameter pageLimit: the maximum number of records per page.
    package init(pageLimit: Int) { limit = PageLimit(most: pageLimit) }

    /// A page was fetched: the backoff starts over with the next fault.
    ///
    /// If scans were lost or did not end, the problem is only resolved when a scan of the same reason has
    /// ended.
    ///
    /// - Returns: true when the problem is resolved.
    package mutating func noteAnswer(_ reason: Scan.Reason = .poll, endsScan: Bool) -> Bool {
        failures = 0
        family = nil
        if endsScan { lost[reason] = nil }
        return lost.isEmpty
    }

    /// True when a scan must restart after a fault that is about to be noted, instead of continuing at its
    /// position.
    ///
    /// An open poll whose end is unknown always restarts: `since` is unchanged, and the next poll reads from
    /// there. The position of any other scan is requested again, in case it is lost only temporarily.
    package func beginsAgain(_ scan: Scan, after fault: SourceFault) -> Bool {
        switch fault.kind {
        case .scanLost: true
        case .unended:
            (scan.reason == .poll && scan.to == nil)
                || (lost[scan.reason, default: 0] + 1).isMultiple(of: Self.unendedAtOnePlace)
        default: false
        }
    }

    /// Notes a fault of a scan of this reason, and requests smaller pages after truncated answers.
    ///
    /// - Returns: the pause before the next attempt, at least as long as the source requested.
    package mutating func noteFailure(_ fault: SourceFault, of reason: Scan.Reason = .poll, chance: Double)
        -> Duration
    {
        switch fault.kind {
        case .tooLarge: limit.noteTooLarge()
        case .incomplete: limit.noteCutOff()
        default: break
        }
        return pause(after: fault, of: reason, chance: chance)
    }

    private mutating func pause(after fault: SourceFault, of reason: Scan.Reason, chance: Double)
        -> Duration
    {
        let family = Family(fault.kind)
        failures = family == self.family ? failures + 1 : 1
        self.family = family
        switch family {
        case .throttle:
            // When the answer gives no time, one minute is usually enough.
            var least = Duration.seconds(60)
            if case .throttled(let asked?) = fault.kind { least = asked }
            return min(max(least, .seconds(1)), .seconds(900)) + .seconds(5) * chance
        case .setting:
            return RetryPolicy.setting.delay(afterFailures: failures, chance: chance)
        case .link:
            return RetryPolicy.link.delay(afterFailures: failures, chance: chance)
        case .size:
            // The remedy is a smaller page, without a pause; 20 halvings bring any limit down to 1.
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

    /// The state as `status` shows it; "invalid token" and "invalid proxy address" are words of the retired
    /// agent.
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

/// How many records the next page requests: the source's maximum, or fewer while answers are truncated.
package struct PageLimit: Sendable, Equatable {
    private let most: Int
    /// The limit of the next request.
    package private(set) var current: Int
    private var cutOff = 0
    private var whole = 0

    package init(most: Int) {
        self.most = most
        current = most
    }

    /// A page was complete; after eight complete pages the limit grows by half.
    package mutating func noteWholePage() {
        cutOff = 0
        guard current < most else { return }
        whole += 1
        guard whole >= 8 else { return }
        whole = 0
        current = min(most, current + max(1, current / 2))
    }

    /// The body exceeded the size limit; this halves the page limit.
    package mutating func noteTooLarge() { halve() }

    /// A timeout or truncation; the second one of the same page halves the limit.
    package mutating func noteCutOff() {
        cutOff += 1
        if cutOff >= 2 { halve() }
    }

    private mutating func halve() {
        cutOff = 0
        whole = 0
        current = max(1, current / 2)
    }
}
