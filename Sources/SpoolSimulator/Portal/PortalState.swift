/// Everything about the portal that changes.
struct PortalState: Sendable {
    var activities: RecordShelf
    var alerts: RecordShelf
    var authority: Authority
    var throttle: Throttle?
    var meter = ThrottleMeter()
    var faults: FaultPlan
    var log = RequestLog()
    var oldWindows: OldWindows
    /// The last list of each stream, for the fault that answers it again.
    var lastQueries: [PortalStream: ListQuery] = [:]
    /// Requests are answered with nothing but a closed connection.
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
