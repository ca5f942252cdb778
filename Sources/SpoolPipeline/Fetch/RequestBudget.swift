/// Who asks for a request, in the order of their claims.
package enum RequestClaim: Int, Sendable, CaseIterable, Comparable {
    case poll, sweep, recovery

    package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }

    /// The share of the budget that is kept for it whatever the others want.
    fileprivate var floor: Double {
        switch self {
        case .poll: 0.5
        case .sweep: 0.2
        case .recovery: 0.1
        }
    }
}

/// The requests that a tenant may be asked within any 60 seconds, over all streams of all its sources.
///
/// A claim may take a request while the requests of the last 60 s, and what the other claims' floors still
/// keep, leave room. The tenant allows 30 a minute, all its callers together, so ours stay below that.
package struct RequestBudget: Sendable {
    package static let span = Duration.seconds(60)

    private let perMinute: Int
    private var granted: [(at: Duration, claim: RequestClaim)] = []
    private var pausedUntil: Duration = .zero

    package init(perMinute: Int) { self.perMinute = perMinute }

    /// True when a request of this claim may be made now.
    package func hasRoom(for claim: RequestClaim, now: Duration) -> Bool {
        now >= pausedUntil && used(now: now) + kept(from: claim, now: now) < perMinute
    }

    /// Takes a request at `now`; otherwise says how long to wait before asking again.
    package mutating func take(_ claim: RequestClaim, now: Duration) -> Duration? {
        granted.removeAll { $0.at <= now - Self.span }
        if hasRoom(for: claim, now: now) {
            granted.append((now, claim))
            return nil
        }
        if now < pausedUntil { return pausedUntil - now }
        let oldest = granted.first?.at ?? now
        return max(.milliseconds(1), oldest + Self.span - now)
    }

    /// Grants nothing before `until`: the tenant has said 429.
    package mutating func pause(until: Duration) { pausedUntil = max(pausedUntil, until) }

    /// Requests granted within the last minute.
    package func used(now: Duration) -> Int { granted.count { $0.at > now - Self.span } }

    private func kept(from claim: RequestClaim, now: Duration) -> Int {
        guard perMinute >= 4 else { return 0 }
        return RequestClaim.allCases.filter { $0 != claim }.reduce(0) { sum, other in
            let floor = Int(Double(perMinute) * other.floor)
            return sum + max(0, floor - granted.count { $0.claim == other && $0.at > now - Self.span })
        }
    }
}
