package import Logging
package import SpoolCore

/// A store that retries what fails temporarily (`StoreRetry`): for as long as it takes, or until a stop.
///
/// The exception is `report`: a state is reported again later anyway, and must not delay the loop.
struct RetryingStore<Base: Sendable>: Sendable {
    /// The store without retries.
    let bare: Base
    private var policy: StoreRetry
    private var stop: ShutdownRequest?
    private var task: StoreTask?

    init(_ bare: Base, retry: StoreRetry) {
        self.bare = bare
        policy = retry
    }

    /// The same store, which throws the temporary error once `stop` is requested.
    ///
    /// Without a stop, only a cancellation of the task ends the retries.
    func until(_ stop: ShutdownRequest?) -> RetryingStore {
        var store = self
        store.stop = stop
        return store
    }

    /// The same store, whose retries are logged for this task instead of each operation's own.
    func doing(_ task: StoreTask) -> RetryingStore {
        var store = self
        store.task = task
        return store
    }

    /// The same store, whose waits this bell ends before their time.
    func waking(by bell: RetryBell?) -> RetryingStore {
        var store = self
        store.policy = StoreRetry(time: policy.time, logger: policy.logger, bell: bell)
        return store
    }

    /// Waits as between two attempts: until the time is up, the bell rings, or a stop is requested.
    func wait(_ duration: Duration, stop: ShutdownRequest?) async {
        await policy.wait(duration, stop: stop)
    }

    private func retry<Value: Sendable>(
        _ task: StoreTask,
        _ body: @Sendable () async throws(StoreError) -> Value
    ) async throws(StoreError) -> Value {
        try await policy((self.task ?? task).rawValue, stop: stop, body)
    }
}

/// The operations of loops on the spool, as named in log entries (`task`).
enum StoreTask: String, Sendable {
    case fetching
    case startingStream = "starting a stream"
    case spoolingPage = "spooling a page"
    case abandoningScan = "abandoning a scan"
    case movingCursorBack = "moving a cursor back"
    case readingWindow = "reading a window"
    case storingWindowProgress = "storing a window's progress"
    case endingWindow = "ending a stream's window"
    case readingLanes = "reading lanes"
    case readingEvents = "reading events"
    case readingReplay = "reading a replay"
    case fixingReplay = "fixing a replay"
    case finishingReplay = "finishing a replay"
    case cancellingReplay = "cancelling a replay"
    case openingConnection = "recording a connection"
    case endingConnection = "recording the end of a connection"
    case settling
    case marking = "marking a step"
    case clearingMark = "clearing a mark"
}

extension RetryingStore: PageStore where Base == any PageStore {
    var room: Int64 { bare.room }

    func progress(of stream: StreamID) async throws(StoreError) -> StreamProgress {
        try await retry(.fetching) { () async throws(StoreError) in try await bare.progress(of: stream) }
    }

    func begin(_ stream: StreamID, start: Timestamp, sweptTo: Timestamp) async throws(StoreError) {
        try await retry(.startingStream) { () async throws(StoreError) in
            try await bare.begin(stream, start: start, sweptTo: sweptTo)
        }
    }

    func append(_ commit: PageCommit) async throws(StoreError) -> PageReceipt {
        try await retry(.spoolingPage) { () async throws(StoreError) in try await bare.append(commit) }
    }

    func abandon(_ scan: Scan, of stream: StreamID, at time: Timestamp) async throws(StoreError) {
        try await retry(.abandoningScan) { () async throws(StoreError) in
            try await bare.abandon(scan, of: stream, at: time)
        }
    }

    func pullBack(_ stream: StreamID, to now: Timestamp, start: Timestamp, lookBack: Duration)
        async throws(StoreError) -> Timestamp?
    {
        try await retry(.movingCursorBack) { () async throws(StoreError) in
            try await bare.pullBack(stream, to: now, start: start, lookBack: lookBack)
        }
    }

    func report(_ trouble: StreamTrouble?, of stream: StreamID) async throws(StoreError) {
        try await bare.report(trouble, of: stream)
    }

    func mustPause() async throws(StoreError) -> Bool {
        try await retry(.fetching) { () async throws(StoreError) in try await bare.mustPause() }
    }
}

extension RetryingStore: RefetchStore where Base == any RefetchStore {
    func unfinishedReplays(of sink: SinkID?) async throws(StoreError) -> [Replay] {
        try await retry(.readingReplay) { () async throws(StoreError) in
            try await bare.unfinishedReplays(of: sink)
        }
    }

    func append(_ commit: PageCommit, of replay: ReplayID) async throws(StoreError) -> PageReceipt {
        try await retry(.spoolingPage) { () async throws(StoreError) in
            try await bare.append(commit, of: replay)
        }
    }

    func keep(_ place: Refetch.Place?, of stream: StreamID, _ replay: ReplayID) async throws(StoreError) {
        try await retry(.storingWindowProgress) { () async throws(StoreError) in
            try await bare.keep(place, of: stream, replay)
        }
    }

    func giveUp(_ replay: ReplayID, because reason: String, at time: Timestamp) async throws(StoreError) {
        try await retry(.cancellingReplay) { () async throws(StoreError) in
            try await bare.giveUp(replay, because: reason, at: time)
        }
    }

    func note(_ trouble: String?, ofRefetch replay: ReplayID) async throws(StoreError) {
        try await retry(.storingWindowProgress) { () async throws(StoreError) in
            try await bare.note(trouble, ofRefetch: replay)
        }
    }

    func fix(_ replay: ReplayID) async throws(StoreError) {
        try await retry(.fixingReplay) { () async throws(StoreError) in try await bare.fix(replay) }
    }
}

extension RetryingStore: DeliveryStore, ReplayStore where Base == any DeliveryStore & ReplayStore {
    func subscriptions(of sink: SinkID) async throws(StoreError) -> [Subscription] {
        try await retry(.readingLanes) { () async throws(StoreError) in
            try await bare.subscriptions(of: sink)
        }
    }

    func batch(of stream: StreamID, after: Seq, limit: BatchLimit, raw: Bool) async throws(StoreError)
        -> EventBatch?
    {
        try await retry(.readingEvents) { () async throws(StoreError) in
            try await bare.batch(of: stream, after: after, limit: limit, raw: raw)
        }
    }

    func settle(_ commit: DeliveryCommit) async throws(StoreError) {
        try await retry(.settling) { () async throws(StoreError) in try await bare.settle(commit) }
    }

    func opened(_ sink: SinkID, address: String, transport: String, doubtBytes: Int64, at time: Timestamp)
        async throws(StoreError) -> ConnectionID
    {
        try await retry(.openingConnection) { () async throws(StoreError) in
            try await bare.opened(
                sink,
                address: address,
                transport: transport,
                doubtBytes: doubtBytes,
                at: time
            )
        }
    }

    func closed(_ connection: ConnectionID, of sink: SinkID, clean: Bool, at time: Timestamp)
        async throws(StoreError)
    {
        try await retry(.endingConnection) { () async throws(StoreError) in
            try await bare.closed(connection, of: sink, clean: clean, at: time)
        }
    }

    func report(_ state: SinkReport, of sink: SinkID) async throws(StoreError) {
        try await bare.report(state, of: sink)
    }

    // Only commands estimate and create replays, and they show an error instead of waiting.

    func estimate(_ request: ReplayRequest) async throws(StoreError) -> ReplayEstimate {
        try await bare.estimate(request)
    }

    func create(_ request: ReplayRequest, at time: Timestamp) async throws(StoreError) -> Replay {
        try await bare.create(request, at: time)
    }

    func unfinishedReplays(of sink: SinkID?) async throws(StoreError) -> [Replay] {
        try await retry(.readingLanes) { () async throws(StoreError) in
            try await bare.unfinishedReplays(of: sink)
        }
    }

    func batch(of replay: ReplayID, stream: StreamID, after: Seq, limit: BatchLimit, raw: Bool)
        async throws(StoreError) -> ReplayBatch
    {
        try await retry(.readingReplay) { () async throws(StoreError) in
            try await bare.batch(of: replay, stream: stream, after: after, limit: limit, raw: raw)
        }
    }

    func move(_ replay: ReplayID, to state: Replay.State, at time: Timestamp) async throws(StoreError) {
        try await retry(.finishingReplay) { () async throws(StoreError) in
            try await bare.move(replay, to: state, at: time)
        }
    }
}

extension RetryingStore: PoisonMarkStore where Base == any PoisonMarkStore {
    var endedUncleanly: Bool { bare.endedUncleanly }

    func mark(_ mark: PoisonMark, at time: Timestamp) async throws(StoreError) {
        try await retry(.marking) { () async throws(StoreError) in try await bare.mark(mark, at: time) }
    }

    func clear(_ mark: PoisonMark) async throws(StoreError) {
        try await retry(.clearingMark) { () async throws(StoreError) in try await bare.clear(mark) }
    }

    /// Read once, before the loops start.
    func marksOfUncleanEnds() async throws(StoreError) -> [PoisonMark: Int] {
        try await bare.marksOfUncleanEnds()
    }
}

/// Retries operations of the spool that fail temporarily, because of a full disk or a blocking reader.
package struct StoreRetry: Sendable {
    let time: Clocks
    let logger: Logger
    /// Ends its waits.
    let bell: RetryBell?

    package init(time: Clocks, logger: Logger, bell: RetryBell? = nil) {
        self.time = time
        self.logger = logger
        self.bell = bell
    }

    /// Calls `body` until it succeeds, or until `stop` is requested or the task is cancelled.
    ///
    /// - Throws: an error that makes the spool unusable; a temporary error only after a stop or cancellation.
    package func callAsFunction<Value: Sendable>(
        _ what: String,
        stop: ShutdownRequest? = nil,
        _ body: @Sendable () async throws(StoreError) -> Value
    ) async throws(StoreError) -> Value {
        var failures = 0
        while true {
            do throws(StoreError) {
                return try await body()
            } catch {
                guard error.isPassing, stop?.isAsked != true, !Task.isCancelled else { throw error }
                failures += 1
                logger.log(
                    level: failures == 1 || failures.isMultiple(of: 20) ? .error : .debug,
                    "spool write deferred, retrying",
                    metadata: ["task": "\(what)", "cause": "\(error)", "attempt": "\(failures)"]
                )
                let pause = RetryPolicy.link.delay(afterFailures: failures, chance: time.chance())
                // Jitter must not make the pause zero: an immediate retry does not help with a full disk.
                await wait(max(pause, .milliseconds(100)), stop: stop)
            }
        }
    }

    /// Waits until the time is up, the bell is rung, or `stop` is requested; also when the task is cancelled.
    func wait(_ duration: Duration, stop: ShutdownRequest?) async {
        let stops = stop.map { [SeenVersion($0)] } ?? []
        guard let bell else { return await time.wait(duration, or: stops) }
        await bell.whileWaiting { await time.wait(duration, or: stops + [$0]) }
    }
}

extension StoreError {
    /// True for a temporary error, after which a retry may succeed: a full disk or a blocking reader.
    var isPassing: Bool { kind == .full || kind == .busy }
}
