extension Simulator {
    /// Adds a record to a stream; lists show it from its `visibleAt` on.
    package func insert(_ record: SimulatedRecord, into stream: PortalStream) {
        insert([record], into: stream)
    }

    /// Adds records to a stream.
    package func insert(_ records: [SimulatedRecord], into stream: PortalStream) {
        portal.withState { state, _ in
            for record in records { state[stream].insert(record) }
        }
    }

    /// Changes a record in place, except for its times; false if the stream has no such record.
    @discardableResult
    package func replace(id: String, in stream: PortalStream, with raw: [UInt8]) -> Bool {
        portal.withState { state, _ in state[stream].replace(id: id, with: raw) }
    }

    /// Changes the number of activities per second of the portal's time, and of alerts in proportion.
    package func setRate(activitiesPerSecond rate: Double) {
        portal.setRate(activitiesPerSecond: rate)
    }

    /// The records of a window that lists show by now.
    package func truth(_ stream: PortalStream, _ window: TruthWindow = .init()) -> [TruthRecord] {
        portal.withState { state, now in state[stream].truth(window, now: now) }
    }

    /// The ids of all records of a window that lists show by now.
    package func visibleIDs(_ stream: PortalStream, _ window: TruthWindow = .init()) -> Set<String> {
        Set(truth(stream, window).compactMap(\.id))
    }

    /// The ids of all records of a window that a page has contained.
    package func shownIDs(_ stream: PortalStream, _ window: TruthWindow = .init()) -> Set<String> {
        Set(truth(stream, window).filter { $0.shown > 0 }.compactMap(\.id))
    }

    /// The exact bytes of a record, as in lists.
    package func raw(id: String, in stream: PortalStream) -> [UInt8]? {
        let copy = portal.withState { state, _ in
            state[stream].place(of: id).flatMap { state[stream].copies(of: [$0]).first }
        }
        guard let copy else { return nil }
        var writer = JSONWriter()
        copy.write(to: &writer)
        return writer.bytes
    }

    /// Adds a rule; the first rule that applies to a request is used.
    package func addFault(_ rule: FaultRule) {
        portal.withState { state, _ in state.faults.add(rule) }
    }

    /// Adds a rule for the given requests, by default the next one of either stream.
    package func addFault(
        _ fault: Fault,
        on targets: Set<RequestTarget> = [.activities, .alerts],
        _ occurrence: FaultRule.Occurrence = .next(1)
    ) {
        addFault(FaultRule(fault, on: targets, occurrence))
    }

    /// Removes all faults.
    package func clearFaults() {
        portal.withState { state, _ in state.faults.clear() }
    }

    /// Changes the request limit; nil for none.
    package func setThrottle(_ throttle: Throttle?) {
        portal.withState { state, _ in state.throttle = throttle }
    }

    /// Changes the handling of times more than 30 days ago.
    package func setOldWindows(_ oldWindows: OldWindows) {
        portal.withState { state, _ in state.oldWindows = oldWindows }
    }

    /// Changes the accepted credentials and permissions.
    package func setCredentials(_ credentials: Credentials) {
        portal.withState { state, _ in state.authority.credentials = credentials }
    }

    /// Expires all bearer tokens immediately.
    package func revokeBearers() {
        portal.withState { state, _ in state.authority.revokeBearers() }
    }

    /// The requests so far.
    package var requests: RequestLog {
        portal.withState { state, _ in state.log }
    }

    /// Returns once the request log fulfils the predicate, which is evaluated after each request.
    package func waitUntil(_ predicate: @escaping @Sendable (RequestLog) -> Bool) async throws {
        let portal = portal
        try await portal.waiters.wait(predicate) { portal.withState { state, _ in state.log } }
    }
}
