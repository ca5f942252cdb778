import SpoolCore
import Synchronization

/// Reads the next batch from a sink's lanes, and waits while there is none.
struct BatchReader: Sendable {
    let sink: SinkID
    let store: RetryingStore<any DeliveryStore & ReplayStore>
    let needsRaw: Bool
    let state: StateBox
    let time: Clocks
    /// Notified when a page was spooled.
    let appended: ChangeSignal
    /// Notified when replays or subscriptions have changed.
    let lanesChanged: ChangeSignal
    private let loaded = VersionCounter()
    private let refilled = VersionCounter()

    init(
        sink: SinkID,
        store: RetryingStore<any DeliveryStore & ReplayStore>,
        needsRaw: Bool,
        state: StateBox,
        time: Clocks,
        appended: ChangeSignal,
        lanesChanged: ChangeSignal
    ) {
        self.sink = sink
        self.store = store
        self.needsRaw = needsRaw
        self.state = state
        self.time = time
        self.appended = appended
        self.lanesChanged = lanesChanged
    }

    /// The next batch, or why there is none.
    enum Next: Sendable {
        case batch(LaneBatch)
        /// `stop` was requested, or the task was cancelled.
        case stopped
        /// The sink is held, its head event was refused, and there is no later event for a second probe.
        case noLaterProbe
        /// Nothing is waiting, and the connection has stayed open long enough to be considered working again
        /// (`DeliveryState.provedAt`).
        case idle
    }

    /// The next batch; waits until there is one.
    func next(stop: ShutdownRequest) async throws(StoreError) -> Next {
        while !stop.isAsked, !Task.isCancelled {
            // The versions are noted before the check, so that a change between check and wait ends the wait.
            let watches = [
                SeenVersion(appended), SeenVersion(lanesChanged), SeenVersion(state.changed),
                SeenVersion(stop),
            ]
            try await refresh(news: watches[0].version, lanes: watches[1].version, stop)
            switch try await readOnce(stop) {
            case .batch(let batch): return .batch(batch)
            case .again: continue
            case .nothing(let due):
                if due == nil, state.withLock({ $0.lacksLaterProbe }) { return .noLaterProbe }
                var next = due
                if due == nil, let proved = state.withLock({ $0.provedAt }) {
                    if proved <= time.elapsed() { return .idle }
                    next = proved
                }
                state.withLock { $0.pauseFeeding() }
                await time.wait(next.map { max($0 - time.elapsed(), .zero) }, or: watches)
            }
        }
        return .stopped
    }

    /// Waits until there is something to send, until `duration` has passed, `rung` is notified, `stop` is
    /// requested or the task is cancelled; takes no batch.
    func waitForWork(for duration: Duration, or rung: SeenVersion, stop: ShutdownRequest)
        async throws(StoreError)
    {
        let end = time.elapsed() + duration
        while !stop.isAsked, !Task.isCancelled, !rung.isDue, time.elapsed() < end {
            let watches = [SeenVersion(appended), SeenVersion(lanesChanged), rung, SeenVersion(stop)]
            if try await hasWork(stop) { return }
            await time.wait(end - time.elapsed(), or: watches)
        }
    }

    /// Checks once whether there is something to send; takes no batch, but ends replays without events.
    func hasWork(_ stop: ShutdownRequest) async throws(StoreError) -> Bool {
        while !stop.isAsked, !Task.isCancelled {
            try await refresh(news: appended.version, lanes: lanesChanged.version, stop)
            switch try await readOnce(stop, isLook: true) {
            case .batch: return true
            case .nothing: return false
            case .again: continue
            }
        }
        return false
    }

    /// Ends the replays whose events have all been sent and settled.
    func finishReplays(_ stop: ShutdownRequest?) async throws(StoreError) {
        for replay in state.withLock({ $0.schedule.takeFinished() }) {
            try await store.until(stop).move(replay, to: .disabled, at: time.wall())
            lanesChanged.notify()
        }
    }

    /// Reads the lanes again if they have changed, since the lane of a batch that was already read may be
    /// gone.
    func followLanes(_ stop: ShutdownRequest) async throws(StoreError) {
        try await followLanes(to: lanesChanged.version, stop)
    }

    // MARK: One check

    private enum Found: Sendable {
        case batch(LaneBatch)
        /// Nothing for now; `due` is when a rate-limited replay may send again.
        case nothing(due: Duration?)
        /// Something has changed: check all lanes again.
        case again
    }

    private func refresh(news: Int, lanes: Int, _ stop: ShutdownRequest) async throws(StoreError) {
        if refilled.move(to: news) { state.withLock { $0.schedule.refill() } }
        try await followLanes(to: lanes, stop)
    }

    private func followLanes(to lanes: Int, _ stop: ShutdownRequest) async throws(StoreError) {
        guard loaded.move(to: lanes) else { return }
        let subscriptions = try await store.until(stop).subscriptions(of: sink)
        let replays = try await store.until(stop).unfinishedReplays(of: sink)
        state.withLock { $0.set(subscriptions, replays, elapsed: time.elapsed()) }
        try await finishReplays(stop)
    }

    /// Reads the lanes in their order until one has a batch.
    private func readOnce(_ stop: ShutdownRequest, isLook: Bool = false) async throws(StoreError) -> Found {
        let (lanes, limit) = state.withLock { ($0.schedule.order(), isLook ? .one : $0.limit) }
        var due: Duration?
        for lane in lanes {
            guard let reading = state.withLock({ $0.schedule.reading(of: lane) }) else { return .again }
            let found: Found
            switch lane {
            case .live: found = try await readLive(reading, limit, stop, isLook)
            case .replay(let id, _):
                var limit = limit
                let elapsed = time.elapsed()
                switch state.withLock({ $0.turn(of: id, elapsed: elapsed) }) {
                // A check ignores when the replay may send.
                case _ where isLook: break
                case .send(let most): limit.events = min(limit.events, most ?? limit.events)
                case .wait(let until):
                    due = min(due ?? until, until)
                    continue
                }
                found = try await readReplay(id, reading, limit, stop, isLook)
            }
            if case .nothing = found { continue }
            return found
        }
        return .nothing(due: due)
    }

    private func readLive(
        _ reading: LaneReading,
        _ limit: BatchLimit,
        _ stop: ShutdownRequest,
        _ isLook: Bool
    )
        async throws(StoreError) -> Found
    {
        let events = try await store.until(stop).batch(
            of: reading.stream,
            after: reading.after,
            limit: limit,
            raw: needsRaw && !isLook
        )
        guard let events, let last = events.last else {
            state.withLock { $0.schedule.noteEmpty(reading) }
            return .nothing(due: nil)
        }
        return take(events, reading, through: last, isAtEnd: false, isLook)
    }

    private func readReplay(
        _ id: ReplayID,
        _ reading: LaneReading,
        _ limit: BatchLimit,
        _ stop: ShutdownRequest,
        _ isLook: Bool
    ) async throws(StoreError) -> Found {
        let slice = try await store.until(stop).batch(
            of: id,
            stream: reading.stream,
            after: reading.after,
            limit: limit,
            raw: needsRaw && !isLook
        )
        guard slice.events.isEmpty else {
            return take(slice.events, reading, through: slice.scannedThrough, isAtEnd: slice.isLast, isLook)
        }
        state.withLock { state in
            state.schedule.noteSkipped(reading, through: slice.scannedThrough, isAtEnd: slice.isLast)
        }
        if slice.isLast { try await finishReplays(stop) }
        // Live lanes are checked between two slices, even if many slices are empty.
        return .again
    }

    private func take(
        _ events: EventBatch,
        _ reading: LaneReading,
        through: Seq,
        isAtEnd: Bool,
        _ isLook: Bool
    ) -> Found {
        let batch = LaneBatch(lane: reading.lane, events: events, through: through, epoch: reading.epoch)
        if isLook { return .batch(batch) }
        let elapsed = time.elapsed()
        let isTaken = state.withLock { state in
            guard state.schedule.noteTaken(reading, through: through, isAtEnd: isAtEnd) else { return false }
            if case .replay(let id, _) = reading.lane {
                state.noteTaken(id, events: events.count, elapsed: elapsed)
            }
            return true
        }
        return isTaken ? .batch(batch) : .again
    }
}

extension BatchLimit {
    /// Enough to check whether there are events.
    fileprivate static let one = BatchLimit(events: 1, bytes: 1)
}

/// The latest version of a signal that has been handled.
private final class VersionCounter: Sendable {
    private let seen = Mutex(-1)

    /// True when `version` is new; it then counts as handled.
    func move(to version: Int) -> Bool {
        seen.withLock { seen in
            defer { seen = max(seen, version) }
            return version > seen
        }
    }
}
