/// The mutable state of the portal.
struct PortalState: Sendable {
    var activities: RecordShelf
    var alerts: RecordShelf
    var authority: Authority
    var throttle: Throttle?
    var meter = ThrottleMeter()
    var faults: FaultPlan
    var log = RequestLog()
    var oldWindows: OldWindows
    /// The last list of each stream, for the fault that repeats it.
    var lastQueries: [PortalStream: ListQuery] = [:]
    /// Requests are answered by closing the connection.
    var hangsUp = false

    init(_ configuration: SimulatorConfiguration, startMs: Int64) {
        let text = RecordBytes(seed: configuration.seed, largeEvery: configuration.activitiesPerLargeOne)
        let window = milliseconds(configuration.historyWindow)
        activities = RecordShelf(
            .activities,
            text: text,
            lateness: configuration.lateness,
            plan: ArrivalPlan(
                seed: configuration.seed,
                startMs: startMs,
                history: configuration.history,
                window: window,
                rate: configuration.activitiesPerSecond
            )
        )
        alerts = RecordShelf(
            .alerts,
            text: text,
            lateness: configuration.lateness,
            plan: ArrivalPlan(
                seed: configuration.seed &+ 1,
                startMs: startMs,
                history: configuration.alertHistory,
                window: window,
                rate: configuration.alertsPerSecond
            )
        )
        authority = Authority(configuration.credentials, seed: configuration.seed)
        throttle = configuration.throttle
        faults = FaultPlan(configuration.faults, seed: configuration.seed)
        oldWindows = configuration.oldWindows
    }

    subscript(stream: PortalStream) -> RecordShelf {
        get { stream == .activities ? activities : alerts }
        // In place: with `set`, every page would copy all entries.
        _modify {
            switch stream {
            case .activities: yield &activities
            case .alerts: yield &alerts
            }
        }
    }

    mutating func grow(to now: Int64) {
        activities.grow(to: now)
        alerts.grow(to: now)
    }
}

/// The tenant's request limit, by the portal's own clock.
package struct Throttle: Sendable {
    /// The number of requests answered within any minute.
    package var requestsPerMinute: Int
    /// False leaves out the `Retry-After` header.
    package var sendsRetryAfter: Bool

    /// The published limit is 30 requests per minute for all callers of a tenant together.
    package init(requestsPerMinute: Int = 30, sendsRetryAfter: Bool = true) {
        self.requestsPerMinute = requestsPerMinute
        self.sendsRetryAfter = sendsRetryAfter
    }
}

/// The requests of the last minute.
struct ThrottleMeter: Sendable {
    private var times: [Int64] = []

    /// Counts a request, or returns the number of seconds to wait.
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

/// How the portal handles times more than 30 days ago, which is not documented.
package enum OldWindows: Sendable {
    /// Answers them up to the retention of 180 days.
    case answered
    /// Returns no records and no error, as one user reported.
    case silentlyEmpty
    /// Rejects a window that starts there and is longer than a week.
    case limitedToAWeek
}
