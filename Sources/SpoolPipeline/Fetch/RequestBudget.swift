/// Who asks for a request, in the order of their claims.
package enum RequestClaim: Int, Sendable, CaseIterable, Comparable {
    case poll, sweep, recovery

    package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }

    /// How many requests of a minute are its own, whatever the others want.
    func floor(of perMinute: Int) -> Int {
        guard perMinute >= RequestBudget.leastForFloors else { return 0 }
        return switch self {
        case .poll: perMinute / 2
        case .sweep: max(1, perMinute * 15 / 100)
        case .recovery: max(1, perMinute * 5 / 100)
        }
    }
}

/// The requests that a tenant may be asked within any 60 seconds, over all streams of all its sources.
///
/// A claim may take a request while the requests of the last 60 s, and what the other claims' floors still
/// keep, leave room. Polls' floor is kept always, so that a poll never waits a minute for its turn; the
/// others' only while one of them waits, so that nothing of the budget lies idle. The tenant allows 30 a
/// minute, all its callers together (Defender for Cloud Apps, REST API, "Throttling"), so ours stay below.
package struct RequestBudget: Sendable {
    package static let span = Duration.seconds(60)
    /// With fewer requests a minute there is nothing to divide: whoever came first goes first.
    package static let leastForFloors = 4

    private(set) var perMinute: Int
    private var granted: [(at: Duration, claim: RequestClaim)] = []
    private var pausedUntil: Duration = .zero

    package init(perMinute: Int) { self.perMinute = perMinute }

    /// True when a request of this claim may be made now, with those claims waiting too.
    package func hasRoom(for claim: RequestClaim, waiting: Set<RequestClaim>, now: Duration) -> Bool {
        now >= pausedUntil && used(now: now) + kept(from: claim, waiting: waiting, now: now) < perMinute
    }

    /// Notes a request made at `now`.
    package mutating func grant(_ claim: RequestClaim, now: Duration) {
        granted.removeAll { $0.at <= now - Self.span }
        granted.append((now, claim))
    }

    /// How long it takes until time alone may make room: the end of the pause, or the next request leaving
    /// the last minute.
    package func untilChange(now: Duration) -> Duration {
        if now < pausedUntil { return pausedUntil - now }
        let next = granted.lazy.map { $0.at + Self.span - now }.first { $0 > .zero }
        return next ?? Self.span
    }

    /// Grants this many from now on.
    package mutating func limit(toPerMinute perMinute: Int) { self.perMinute = perMinute }

    /// Grants nothing before `until`: the tenant has said 429.
    package mutating func pause(until: Duration) { pausedUntil = max(pausedUntil, until) }

    /// Requests granted within the last minute.
    package func used(now: Duration) -> Int { granted.count { $0.at > now - Self.span } }

    private func kept(from claim: RequestClaim, waiting: Set<RequestClaim>, now: Duration) -> Int {
        RequestClaim.allCases.reduce(0) { sum, other in
            guard other != claim, other == .poll || waiting.contains(other) else { return sum }
            let used = granted.count { $0.claim == other && $0.at > now - Self.span }
            return sum + max(0, other.floor(of: perMinute) - used)
        }
    }
}
