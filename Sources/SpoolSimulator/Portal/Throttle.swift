/// The tenant's allowance of requests, by the portal's own clock.
package struct Throttle: Sendable {
    /// Requests answered in any minute.
    package var requestsPerMinute: Int
    /// False leaves out the `Retry-After` header.
    package var sendsRetryAfter: Bool

    /// The published allowance is 30 requests a minute for all callers of a tenant together.
    package init(requestsPerMinute: Int = 30, sendsRetryAfter: Bool = true) {
        self.requestsPerMinute = requestsPerMinute
        self.sendsRetryAfter = sendsRetryAfter
    }
}

/// The requests of the last minute.
struct ThrottleMeter: Sendable {
    private var times: [Int64] = []

    /// Counts a request in, or says how many seconds are to be waited.
    mutating func admit(_ throttle: Throttle, now: Int64) -> Int? {
        times.removeAll { $0 <= now - 60_000 || $0 > now }
        guard times.count >= throttle.requestsPerMinute else {
            times.append(now)
            return nil
        }
        let free = (times.first ?? now) + 60_000
        return max(1, Int((free - now + 999) / 1000))
    }
}
