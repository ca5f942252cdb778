import Foundation
package import Logging
import SpoolConfig
import SpoolCore
import SpoolControl
import SpoolEngine
import SpoolNetwork
import SpoolPipeline
import SpoolServer
import SpoolStore
import UnixSignals

/// The daemon: one spool, the loops of a configuration, and the signals that stop or reload them.
package struct Daemon: Sendable {
    private let path: String
    private let environment: [String: String]
    private let logger: Logger
    /// Called once everything is running; used by tests and for `Type=notify`.
    private let onReady: @Sendable () -> Void
    /// How long requests in progress may take at a stop, once the loops have ended.
    private static let lastAnswers = Duration.seconds(2)

    package init(
        configuration path: String,
        environment: [String: String],
        logger: Logger,
        onReady: @escaping @Sendable () -> Void = {}
    ) {
        self.path = path
        self.environment = environment
        self.logger = logger
        self.onReady = onReady
    }

    /// Runs until SIGTERM or SIGINT, or until the spool becomes unusable.
    ///
    /// Signals are trapped before anything else, so that a signal during the start also stops the daemon
    /// cleanly; a SIGHUP is then handled once the daemon is running.
    ///
    /// - Throws: `ConfigurationFault` (exit 2) or `StoreError` (exit 4), and `TooManyCriticalErrors` (exit 6)
    ///   if the configuration requests it; everything else is a state.
    package func run() async throws {
        let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint, .sighup)
        let (stop, reloads) = (ShutdownRequest(), Reloads())
        // Runs concurrently from the start; it is cancelled and awaited when this function returns.
        async let _: Void = {
            for await signal in signals {
                guard signal == .sighup else { return stop.ask() }
                reloads.ask()
            }
        }()
        try await run(until: stop, reloads)
    }

    /// Runs until `stop` is requested, or until the spool becomes unusable.
    ///
    /// - Parameters:
    ///   - stop: ends the daemon in every phase: during the start, while it runs, and during a reload.
    ///   - reloads: the requested reloads; one that is requested during the start is carried out after it.
    /// - Throws: as `run`.
    func run(until stop: ShutdownRequest, _ reloads: Reloads) async throws {
        DescriptorLimit.raise()
        // Queued log lines are written before the last message of the command.
        defer { LogWriter.standardError.flush(within: .seconds(2)) }
        let hostName = ProcessInfo.processInfo.hostName
        let composition = try Composition.read(path: path, environment: environment, hostName: hostName)
        for warning in composition.warnings {
            logger.warning("configuration", metadata: ["cause": "\(warning)"])
        }
        let time = SystemTime.timekeeper()
        var options = SpoolOptions(holder: "spool run")
        options.maxBytes = composition.spool.maxSize
        let path = composition.spool.path
        let opened = try await Self.bootstrap(until: stop) { () async throws(StoreError) in
            try await open(path, options.fitted(toDiskOf: path), time, until: stop)
        }
        guard let spool = opened else { return logger.notice("stopped") }
        let engine = Engine(spool: spool, time: time, reloads: reloads, logger: logger)
        do {
            let hasBegun = try await Self.bootstrap(until: stop) { () async throws(StoreError) -> Bool? in
                try await engine.apply(composition)
                return true
            }
            if hasBegun != nil { try await serve(engine, composition, hostName: hostName, until: stop) }
        } catch {
            await engine.stop()
            // The first error is the cause; an error of closing the spool adds nothing.
            try? await spool.close(at: time.wall())
            throw error
        }
        await engine.stop()
        try await spool.close(at: time.wall())
        logger.notice("stopped")
    }

    /// Runs a step of the start; its errors begin with the retired agent's words for a failed start.
    ///
    /// - Returns: nil if the stop came first, even if the step then failed for a temporary reason.
    private static func bootstrap<Result>(
        until stop: ShutdownRequest,
        _ start: () async throws(StoreError) -> Result?
    ) async throws(StoreError) -> Result? {
        guard !stop.isAsked else { return nil }
        do throws(StoreError) {
            return try await start()
        } catch {
            if stop.isAsked, [.locked, .busy, .full].contains(error.kind) { return nil }
            throw StoreError(error.kind, "General error during bootstrap: \(error.description)")
        }
    }

    /// Opens the spool; asks a command that holds it to release it, but not a daemon.
    ///
    /// - Returns: nil if the stop came first.
    private func open(
        _ path: String,
        _ options: SpoolOptions,
        _ time: Clocks,
        until stop: ShutdownRequest
    ) async throws(StoreError) -> Spool? {
        do throws(StoreError) {
            return try Spool.open(path: path, options: options, at: time.wall())
        } catch {
            guard error.kind == .locked else { throw error }
            logger.notice(
                "waiting for the spool",
                metadata: ["holder": "\(Spool.holder(ofSpoolAt: path) ?? "none")"]
            )
            guard await askForSpool(path, until: stop) else { throw error }
            return try await openWhenFree(path, options, time, until: stop)
        }
    }

    /// Asks the process that holds the spool to release it; waits a limited time for its answer.
    ///
    /// - Returns: false if the process is a daemon, which keeps the spool.
    private func askForSpool(_ path: String, until stop: ShutdownRequest) async -> Bool {
        await withTaskGroup(of: Bool.self) { group in
            group.addTask {
                let client = ControlClient(ControlSocket(spool: path))
                // Without an answer, only the lock shows when the spool is free.
                guard
                    let holder = try? await client.find(
                        timeout: .seconds(10),
                        lockHolder: { Spool.holder(ofSpoolAt: path) }
                    )
                else { return true }
                guard holder.role == .command else { return false }
                _ = try? await client.send(HandOver())
                return true
            }
            group.addTask {
                await stop.asked()
                return true
            }
            defer { group.cancelAll() }
            return await group.next() ?? true
        }
    }

    /// Opens the spool once it is released.
    ///
    /// The command first closes its connection, which takes at most
    /// `DeliveryLoop.gracePeriod`; the release of a lock is not signalled, so opening is retried.
    ///
    /// - Returns: nil if the stop came first.
    private func openWhenFree(
        _ path: String,
        _ options: SpoolOptions,
        _ time: Clocks,
        until stop: ShutdownRequest
    ) async throws(StoreError) -> Spool? {
        let end = time.elapsed() + .seconds(15)
        while !stop.isAsked {
            do throws(StoreError) {
                return try Spool.open(path: path, options: options, at: time.wall())
            } catch {
                guard error.kind == .locked, time.elapsed() < end else { throw error }
            }
            await time.wait(.milliseconds(200), or: SeenVersion(stop))
        }
        return nil
    }

    private func serve(
        _ engine: Engine,
        _ composition: Composition,
        hostName: String,
        until stop: ShutdownRequest
    ) async throws {
        let time = engine.time
        let notifier = ServiceNotifier(environment: environment)
        let current = CurrentComposition(composition)
        let readiness = Readiness()
        let control = ControlServer(
            socket: ControlSocket(spool: composition.spool.path),
            engine: engine,
            current: current,
            holder: SpoolHolder.current(.daemon, command: "spool run"),
            status: composition.status.listen,
            readiness: readiness,
            droppedLogLines: { LogWriter.standardError.droppedLines },
            logger: logger
        )
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await control.run {
                    if stop.isAsked { return }
                    notifier.ready()
                    logger.notice("running", metadata: ["spool": "\(composition.spool.path)"])
                    onReady()
                }
            }
            group.addTask { try await engine.failure() }
            group.addTask { try await engine.tooManyErrors() }
            if notifier.watchdogInterval != nil {
                // A daemon that hangs is restarted: the watchdog is notified only while the spool answers.
                group.addTask {
                    while !Task.isCancelled {
                        await notifier.keepAlive { (try? await engine.spool.failures()) != nil }
                        // After one failure there is still time before the watchdog expires.
                        await time.wait(.seconds(1))
                    }
                }
            }
            group.addTask { await stop.asked() }
            let reloader = Reloader(
                engine: engine,
                current: current,
                notifier: notifier,
                path: path,
                environment: environment,
                hostName: hostName,
                logger: logger
            )
            // Concurrent with the signals: a stop does not wait for a reload.
            group.addTask { await reloader.run() }
            // The stop, or the first error.
            defer { group.cancelAll() }
            defer { engine.reloads.stop() }
            try await group.next()
            readiness.stop()
            engine.reloads.stop()
            notifier.stopping()
            logger.notice("stopping")
            await engine.stop()
            await control.stop(within: Self.lastAnswers)
        }
    }
}
