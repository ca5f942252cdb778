import Logging
import SpoolConfig
import SpoolControl
import SpoolCore
import SpoolEngine
import SpoolPipeline
import SpoolServer
import SpoolStore

/// A spool that a command opens itself while no daemon is running: it holds the lock, and sends only replays.
///
/// A daemon that starts meanwhile requests the spool; an unfinished replay then continues in the daemon.
package struct StandaloneSpool: Sendable {
    let spool: Spool
    let composition: Composition
    let registration: Registration
    let engine: Engine
    private let logger: Logger
    /// Requested when the work must end: a daemon requests the spool, or a signal was received.
    let stop: ShutdownRequest
    /// Requested when a signal was received.
    let interrupt: ShutdownRequest
    private let server: Task<Void, any Error>

    /// Takes the lock, runs `body`, and closes the spool in all cases.
    ///
    /// A signal requests `stop`; signals are trapped before the spool is opened.
    ///
    /// - Throws: errors of `body`; `StoreError`; `ConfigurationFault` for a secret that this process cannot
    ///   read; `Interrupted` after a signal, once the spool is closed.
    static func use<Result>(
        _ composition: Composition,
        command: String,
        _ body: (StandaloneSpool) async throws -> Result
    ) async throws -> Result {
        try await InterruptibleWork.run { interrupt in
            let alone = try await open(composition, command: command, interrupt)
            async let _: Void = alone.stop.followWhole()
            let result: Result
            do {
                result = try await body(alone)
            } catch {
                // The first error is the cause; an error of closing adds nothing.
                try? await alone.close()
                throw error
            }
            try await alone.close()
            return result
        }
    }

    /// Takes the lock and registers the streams and sinks of the configuration.
    private static func open(_ composition: Composition, command: String, _ interrupt: ShutdownRequest)
        async throws
        -> StandaloneSpool
    {
        let composition = try composition.withSecrets()
        let time = SystemTime.timekeeper()
        var options = SpoolOptions(holder: command)
        options.maxBytes = composition.spool.maxSize
        let path = composition.spool.path
        let spool = try Spool.open(path: path, options: options.fitted(toDiskOf: path), at: time.wall())
        do {
            let registration = try await spool.register(composition.topology, at: time.wall())
            return StandaloneSpool(
                spool,
                composition,
                registration,
                time: time,
                command: command,
                interrupt: interrupt
            )
        } catch {
            // The first error is the cause; an error of closing adds nothing.
            try? await spool.close(at: time.wall())
            throw error
        }
    }

    private init(
        _ spool: Spool,
        _ composition: Composition,
        _ registration: Registration,
        time: Clocks,
        command: String,
        interrupt: ShutdownRequest
    ) {
        self.interrupt = interrupt
        stop = ShutdownRequest(partOf: interrupt)
        self.spool = spool
        self.composition = composition
        self.registration = registration
        let logger = Logger.spool(.warning)
        self.logger = logger
        let engine = Engine(spool: spool, time: time, logger: logger)
        engine.sources.apply(composition, registration)
        self.engine = engine
        let stop = stop
        let current = CurrentComposition(composition)
        let control = ControlServer(
            socket: ControlSocket(spool: spool.path),
            engine: engine,
            current: current,
            holder: SpoolHolder.current(.command, command: command),
            onHandOver: { stop.ask() },
            droppedLogLines: { LogWriter.standardError.droppedLines },
            logger: logger
        )
        // `close` cancels and awaits it.
        server = Task { try await control.run(onReady: {}) }
    }

    /// Fetches the window of the replay from the source if it is a refetch, and sends the events until the
    /// replay has ended or a daemon requests the spool.
    func drive(_ replay: Replay) async throws {
        let crashes = try await engine.crashes()
        if replay.isRefetching {
            let refetcher = engine.refetcher(of: replay.id, crashes)
            try await whileRunning(replay.id) { ended async throws(StoreError) in
                try await refetcher.run(stop: ended)
            }
            guard try await isReady(replay.id) else { return }
        }
        let loop = DeliveryLoop(
            sink: try sink(of: replay),
            id: replay.sinkID,
            store: SingleReplayStore(store: spool, replay: replay.id),
            crashes: crashes,
            time: engine.time,
            appended: engine.appended,
            lanesChanged: engine.lanesChanged,
            logger: logger
        )
        try await whileRunning(replay.id) { ended async throws(StoreError) in try await loop.run(stop: ended)
        }
    }

    private func isReady(_ id: ReplayID) async throws(StoreError) -> Bool {
        guard let replay = try await spool.replay(id) else {
            return false
        }
        return replay.state == .running && !replay.isRefetching && !stop.isAsked
    }

    /// Runs `body` until it ends; asks it to end if the replay has ended, or a daemon requests the spool.
    private func whileRunning(
        _ id: ReplayID,
        _ body: @escaping @Sendable (ShutdownRequest) async throws(StoreError) -> Void
    ) async throws {
        // The end of this replay only: `stop` ends the command, which may run several replays.
        let ended = ShutdownRequest()
        try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                try await body(ended)
                return true
            }
            group.addTask {
                try await waitForEnd(of: id)
                return false
            }
            let isDone = try await group.next() ?? true
            ended.ask()
            // The wait is no longer needed; a body that was asked to end first settles what it has sent.
            if isDone { group.cancelAll() }
            try await group.waitForAll()
        }
    }

    private func sink(of replay: Replay) throws(StoreError) -> any Sink {
        if let destination = replay.request.destination {
            return try ReplayLoop.sink(destination, named: replay.sink)
        }
        guard let sink = composition.allSinks.first(where: { $0.name == replay.sink }) else {
            throw StoreError(.invalid, "The sink \(replay.sink) is not in the configuration.")
        }
        return sink
    }

    private func waitForEnd(of id: ReplayID) async throws {
        while !stop.isAsked, !Task.isCancelled {
            let watch = SeenVersion(engine.lanesChanged)
            let stopping = SeenVersion(stop)
            let replay = try await spool.replay(id)
            if replay?.state != .running { return }
            await engine.time.wait(nil, or: watch, stopping)
        }
    }

    /// True if a daemon has requested the spool.
    var isHandedOver: Bool { stop.isAsked && !interrupt.isAsked }

    private func close() async throws {
        server.cancel()
        // It was cancelled, so its result does not matter.
        _ = await server.result
        await engine.sources.shutDown()
        try await spool.close(at: engine.time.wall())
    }
}

extension StandaloneSpool {
    /// Runs retention, which uses the clocks of the sources: each is asked for its time first.
    func prune(isDryRun: Bool) async throws -> PruneAnswer {
        var dates: [StreamID: Timestamp] = [:]
        var fault: SourceFault?
        for part in composition.sources {
            // An implausible date would delete events that are not old.
            let source = ClockedSource(part.content, time: engine.time, logger: engine.logger)
            guard let stream = source.streams.first else { continue }
            do throws(SourceFault) {
                let date = try await source.date(for: stream)
                for id in source.streams.compactMap({ registration.streams[$0.name] }) { dates[id] = date }
            } catch {
                fault = error
            }
        }
        if let fault, dates.isEmpty { throw fault }
        let rules = RetentionRules(composition, registration)
        let work = PruneByHand(spool: spool, rules: rules, dates: dates, wall: engine.time.wall())
        return try await work.run(isDryRun: isDryRun)
    }

    /// Runs a backup; it is aborted if a daemon requests the spool.
    func backup(
        to file: String,
        progress: @escaping @Sendable (BackupProgress) -> Void
    ) async throws -> BackupReport {
        try await stop.ending { try await spool.backup(to: file, progress: progress) }
    }
}

/// The spool for a command that runs a single replay: it shows no live lanes and no other replays.
struct SingleReplayStore: DeliveryStore, ReplayStore {
    let store: any DeliveryStore & ReplayStore
    let replay: ReplayID

    func subscriptions(of sink: SinkID) async throws(StoreError) -> [Subscription] { [] }

    func batch(of stream: StreamID, after: Seq, limit: BatchLimit, raw: Bool) async throws(StoreError)
        -> EventBatch?
    {
        nil
    }

    func settle(_ commit: DeliveryCommit) async throws(StoreError) { try await store.settle(commit) }

    func opened(_ sink: SinkID, address: String, transport: String, doubtBytes: Int64, at: Timestamp)
        async throws(StoreError) -> ConnectionID
    {
        try await store.opened(sink, address: address, transport: transport, doubtBytes: doubtBytes, at: at)
    }

    func closed(_ connection: ConnectionID, of sink: SinkID, clean: Bool, at: Timestamp)
        async throws(StoreError)
    {
        try await store.closed(connection, of: sink, clean: clean, at: at)
    }

    func report(_ state: SinkReport, of sink: SinkID) async throws(StoreError) {
        try await store.report(state, of: sink)
    }

    func estimate(_ request: ReplayRequest) async throws(StoreError) -> ReplayEstimate {
        try await store.estimate(request)
    }

    func create(_ request: ReplayRequest, at: Timestamp) async throws(StoreError) -> Replay {
        try await store.create(request, at: at)
    }

    func unfinishedReplays(of sink: SinkID?) async throws(StoreError) -> [Replay] {
        try await store.unfinishedReplays(of: sink).filter { $0.id == replay }
    }

    func batch(of replay: ReplayID, stream: StreamID, after: Seq, limit: BatchLimit, raw: Bool)
        async throws(StoreError) -> ReplayBatch
    {
        try await store.batch(of: replay, stream: stream, after: after, limit: limit, raw: raw)
    }

    func move(_ replay: ReplayID, to state: Replay.State, at: Timestamp) async throws(StoreError) {
        try await store.move(replay, to: state, at: at)
    }
}
