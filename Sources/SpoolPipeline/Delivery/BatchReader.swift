import SpoolCore
import Synchronization

/// Reads the next batch of a sink's lanes, and waits when there is none.
struct BatchReader: Sendable {
    let sink: SinkID
    let store: any DeliveryStore & ReplayStore
    let needsRaw: Bool
    let state: StateBox
    let time: Timekeeper
    /// Given when a page was spooled.
    let appended: Signal
    /// Given when replays or subscriptions have changed.
    let lanesChanged: Signal
    private let loaded = VersionBox()
    private let refilled = VersionBox()

    init(
        sink: SinkID,
        store: any DeliveryStore & ReplayStore,
        needsRaw: Bool,
        state: StateBox,
        time: Timekeeper,
        appended: Signal,
        lanesChanged: Signal
    ) {
        self.sink = sink
        self.store = store
        self.needsRaw = needsRaw
        self.state = state
        self.time = time
        self.appended = appended
        self.lanesChanged = lanesChanged
    }

    /// The next batch with the epoch it was read in; nil when `stop` is asked for or the task cancelled.
    func next(stop: Stop) async throws(StoreError) -> (batch: LaneBatch, epoch: Int)? {
        while !stop.isAsked, !Task.isCancelled {
            let news = Watch(appended)
            let lanes = Watch(lanesChanged)
            let stopping = Watch(stop.signal)
            let moved = Watch(state.changed)
            if let found = try await readOnce(news: news, lanes: lanes) { return found }
            if stop.isAsked { break }
            await time.wait(nil, or: news, lanes, stopping, moved)
        }
        return nil
    }

    /// Looks once whether anything waits; takes nothing.
    func hasWork() async throws(StoreError) -> Bool {
        try await loadLanes(version: lanesChanged.version)
        state.withLock { $0.schedule.refill() }
        for lane in state.withLock({ $0.schedule.order() }) {
            let after = state.withLock { $0.schedule.position(of: lane) }
            switch lane {
            case .replay: return true
            case .live(let id):
                guard let stream = state.stream(of: id) else { continue }
                let one = BatchLimit(events: 1, bytes: 1)
                if try await store.batch(of: stream, after: after, limit: one, raw: false) != nil {
                    return true
                }
            }
        }
        return false
    }

    private func readOnce(news: Watch, lanes: Watch) async throws(StoreError) -> (LaneBatch, Int)? {
        if loaded.moved(to: lanes.version) { try await loadLanes(version: lanes.version) }
        if refilled.moved(to: news.version) { state.withLock { $0.schedule.refill() } }
        while true {
            let (order, epoch) = state.withLock { ($0.schedule.order(), $0.epoch) }
            var sliced = false
            for lane in order {
                let (after, limit) = state.withLock { ($0.schedule.position(of: lane), $0.limit) }
                switch lane {
                case .live(let id):
                    guard let stream = state.stream(of: id),
                        let events = try await store.batch(
                            of: stream,
                            after: after,
                            limit: limit,
                            raw: needsRaw
                        ),
                        let last = events.last
                    else {
                        state.withLock { $0.schedule.foundNothing(in: lane) }
                        continue
                    }
                    return take(LaneBatch(lane: lane, events: events, through: last), epoch)
                case .replay(let id, let stream):
                    let slice = try await store.batch(
                        of: id,
                        stream: stream,
                        after: after,
                        limit: limit,
                        raw: needsRaw
                    )
                    if slice.isLast { state.withLock { $0.schedule.reachedEnd(of: lane) } }
                    if !slice.events.isEmpty {
                        let batch = LaneBatch(lane: lane, events: slice.events, through: slice.scannedThrough)
                        return take(batch, epoch)
                    }
                    state.withLock { $0.schedule.skipped(lane, through: slice.scannedThrough) }
                    if slice.isLast {
                        state.changed.notify()
                        try await finishReplays()
                    } else {
                        sliced = true
                    }
                }
            }
            if !sliced || Task.isCancelled { return nil }
        }
    }

    /// Ends the replays that have sent and settled everything.
    func finishReplays() async throws(StoreError) {
        for replay in state.withLock({ $0.schedule.finishedReplays($0.inFlight) }) {
            try await store.move(replay, to: .disabled, at: time.wall())
            lanesChanged.notify()
        }
    }

    private func take(_ batch: LaneBatch, _ epoch: Int) -> (LaneBatch, Int) {
        state.withLock { $0.schedule.took(batch.lane, through: batch.through) }
        return (batch, epoch)
    }

    private func loadLanes(version: Int) async throws(StoreError) {
        let subscriptions = try await store.subscriptions(of: sink)
        let replays = try await store.replays(of: sink)
        state.set(subscriptions, replays)
        _ = loaded.moved(to: version)
    }
}

/// A delivery loop's state, shared by the task that feeds a session and the one that settles.
final class StateBox: Sendable {
    private struct Content {
        var delivery: DeliveryState
        var streams: [SubscriptionID: StreamID] = [:]
    }

    private let content: Mutex<Content>
    /// Given when something was settled or dropped.
    let changed = Signal()

    init(_ state: DeliveryState) { content = Mutex(Content(delivery: state)) }

    func withLock<Result: Sendable>(_ body: (inout DeliveryState) -> Result) -> Result {
        content.withLock { body(&$0.delivery) }
    }

    /// The stream a subscription takes.
    func stream(of id: SubscriptionID) -> StreamID? { content.withLock { $0.streams[id] } }

    func set(_ subscriptions: [Subscription], _ replays: [Replay]) {
        content.withLock { content in
            content.delivery.schedule.set(live: subscriptions, replays: replays)
            content.streams = Dictionary(
                subscriptions.map { ($0.id, $0.stream) },
                uniquingKeysWith: { first, _ in first }
            )
        }
    }
}

/// Remembers which version of a signal was acted on.
private final class VersionBox: Sendable {
    private let seen = Mutex(-1)

    /// True when `version` is a new one.
    func moved(to version: Int) -> Bool {
        seen.withLock { seen in
            defer { seen = max(seen, version) }
            return version > seen
        }
    }
}
