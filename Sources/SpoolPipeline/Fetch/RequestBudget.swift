/// The purposes of requests, in order of priority.
package enum RequestClaim: Int, Sendable, CaseIterable, Comparable {
    case poll, sweep, recovery

    package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }

    /// How many requests per minute are reserved for it, regardless of the other claims.
    func floor(of perMinute: Int) -> Int {
        guard perMinute >= RequestBudget.leastForFloors else { return 0 }
        return switch self {
        case .poll: perMinute / 2
        case .sweep: max(1, perMinute * 15 / 100)
        case .recovery: max(1, perMinute * 5 / 100)
        }
    }
}

/// The number of requests to a tenant within any 60 seconds, over all streams of all its sources.
///
/// A claim is granted a request if the requests of the last 60 s, plus the unused part of the other claims'
/// floors, are below the limit. The floor of polls is always reserved, so that a poll never waits a minute
/// for its turn. The other floors are only reserved while such a claim waits, so that no part of the budget
/// stays unused. The tenant allows 30 requests per minute for all its callers together (Defender for Cloud
/// Apps, REST API, "Throttling"), so spool stays below that.
package struct RequestBudget: Sendable {
    package static let span = Duration.seconds(60)
    /// With fewer requests per minute there are no floors, and requests are granted in order of arrival.
    package static let leastForFloors = 4

    private(set) var perMinute: Int
    private var granted: [(at: Duration, claim: RequestClaim)] = []
    private var pausedUntil: Duration = .zero

    package init(perMinute: Int) { self.perMinute = perMinute }

    /// True when a request of this claim may be made now, while the claims in `waiting` wait as well.
    package func hasRoom(for claim: RequestClaim, waiting: Set<RequestClaim>, now: Duration) -> Bool {
        now >= pausedUntil && used(now: now) + kept(from: claim, waiting: waiting, now: now) < perMinute
    }

    /// Notes a request made at `now`.
    package mutating func grant(_ claim: RequestClaim, now: Duration) {
        granted.removeAll { $0.at <= now - Self.span }
        granted.append((now, claim))
    }

    /// The time until a request may be granted again without other changes: until the end of the pause, or
    /// until the oldest request is more than a minute ago.
    package func untilChange(now: Duration) -> Duration {
        if now < pausedUntil { return pausedUntil - now }
        let next = granted.lazy.map { $0.at + Self.span - now }.first { $0 > .zero }
        return next ?? Self.span
    }

    /// Sets the number of requests per minute.
    package mutating func limit(toPerMinute perMinute: Int) { self.perMinute = perMinute }

    /// Grants nothing before `until`, because the tenant has answered 429.
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
