import Logging
import SpoolConfig
import SpoolControl
import SpoolCore
import SpoolEngine
import SpoolPipeline
import SpoolSinks
import SpoolStore

/// Replays made and driven by a command while no daemon runs: it holds the lock, and sends nothing else.
///
/// A daemon that starts meanwhile asks for the spool; the unfinished job then goes on in the daemon.
struct DirectReplays: Sendable {
    let spool: Spool
    let composition: Composition
    let registration: Registration
    let engine: Engine
    private let logger: Logger
    /// Asked for when the work has to end: a daemon wants the spool, or a signal has come.
    let stop: Stop
    /// Asked for when a signal has come.
    let interrupt: Stop
    private let server: Task<Void, any Error>

    /// Takes the lock, does `body`, and closes the spool whatever comes of it; a signal asks `stop`, and is trapped before
    /// the spool is opened.
    ///
    /// - Throws: what `body` throws; `StoreError`; `ConfigurationFault` for a secret that this process cannot read;
    ///   `Interrupted` after a signal, when the spool is closed.
    static func use<Result>(
        _ composition: Composition,
        command: String,
        _ body: (DirectReplays) async throws -> Result
    ) async throws -> Result {
        try await InterruptibleWork.run { interrupt in
            let direct = try await open(composition, command: command, interrupt)
            async let _: Void = direct.stop.followWhole()
            let result: Result
            do {
                result = try await body(direct)
            } catch {
                // The first error says why; closing adds nothing to it.
                try? await direct.close()
                throw error
            }
            try await direct.close()
            return result
        }
    }

    /// Takes the lock and brings streams and sinks up to date with the configuration.
    private static func open(_ composition: Composition, command: String, _ interrupt: Stop) async throws
        -> DirectReplays
    {
        let composition = try composition.withSecrets()
        let time = SystemTime.timekeeper()
        var options = SpoolOptions(holder: command)
        options.maxBytes = composition.spool.maxSize
        let path = composition.spool.path
        let spool = try Spool.open(path: path, options: options.fitted(toDiskOf: path), at: time.wall())
        do {
            let registration = try await spool.register(composition.roster, at: time.wall())
            return DirectReplays(
                spool,
                composition,
                registration,
                time: time,
                command: command,
                interrupt: interrupt
            )
        } catch {
            // The first error says why; closing adds nothing to it.
            try? await spool.close(at: time.wall())
            throw error
        }
    }

    private init(
        _ spool: Spool,
        _ composition: Composition,
        _ registration: Registration,
        time: Timekeeper,
        command: String,
        interrupt: Stop
    ) {
        self.interrupt = interrupt
        stop = Stop(partOf: interrupt)
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
            status: nil,
            routes: ControlRoutes(
                engine: engine,
                holder: SpoolHolder.current(.command, command: command),
                onHandOver: { stop.ask() },
                reporter: StatusReporter(engine: engine, current: current),
                web: WebRoutes(engine: engine, current: current, readiness: Readiness())
            ),
            logger: logger
        )
        // Owned here; `close` ends and awaits it.
        server = Task { try await control.run(onReady: {}) }
    }

    /// Reads the replay's window from the source, if it wants that, and sends it until it has ended or a daemon asks
    /// for the spool.
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

    /// Does `body` until it has ended, or asks it to end because the replay has, or a daemon asks for the spool.
    private func whileRunning(
        _ id: ReplayID,
        _ body: @escaping @Sendable (Stop) async throws(StoreError) -> Void
    ) async throws {
        // This replay's own end: `stop` is the daemon's asking, and one command may drive several replays.
        let ended = Stop()
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
            // The wait has nothing left to wait for; a body that was asked to end settles what it has sent.
            if isDone { group.cancelAll() }
            try await group.waitForAll()
        }
    }

    private func sink(of replay: Replay) throws(StoreError) -> any Sink {
        if let destination = replay.request.destination {
            return try ReplayLoop.sink(destination, named: replay.sink)
        }
        let part = composition.sinks.first { $0.content.sink.name == replay.sink }
        guard let part else {
            throw StoreError(.invalid, "The sink \(replay.sink) is not in the configuration.")
        }
        return part.content.sink
    }

    private func waitForEnd(of id: ReplayID) async throws {
        while !stop.isAsked, !Task.isCancelled {
            let watch = Watch(engine.lanesChanged)
            let stopping = Watch(stop)
            let replay = try await spool.replay(id)
            if replay?.state != .running { return }
            await engine.time.wait(nil, or: watch, stopping)
        }
    }

    /// True when a daemon has asked for the spool.
    var isHandedOver: Bool { stop.isAsked && !interrupt.isAsked }

    private func close() async throws {
        server.cancel()
        // It was cancelled; how it ended changes nothing.
        _ = await server.result
        await engine.sources.shutDown()
        try await spool.close(at: engine.time.wall())
    }
}
