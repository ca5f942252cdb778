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
        var composition = try Composition.read(path: path, environment: environment, hostName: hostName)
        for warning in composition.warnings {
            logger.warning("configuration", metadata: ["cause": "\(warning)"])
        }
        let time = SystemTime.timekeeper()
        var options = SpoolOptions(holder: "spool run")
        options.maxBytes = composition.spool.maxSize
        options.recovers = true
        let notifier = ServiceNotifier(environment: environment)
        options.report = { [logger] text in
            logger.warning("spool", metadata: ["task": "\(text)"])
            try? notifier.notify(.status(text))
            // Reading a large spool takes minutes; systemd would end a start that takes longer than its
            // limit.
            try? notifier.notify(.extendTimeout(.hours(2)))
        }
        var failures = 0
        while true {
            let began = time.elapsed()
            do {
                try await run(composition, options, reloads, time, notifier, hostName: hostName, until: stop)
                return
            } catch let error as ReopeningNeeded where !stop.isAsked {
                failures = time.elapsed() - began > .minutes(10) ? 1 : failures + 1
                let pause = min(Duration.seconds(1 << min(failures - 1, 6)), .minutes(1))
                logger.critical(
                    "reopening the spool",
                    metadata: ["cause": "\(error.cause)", "after": "\(Age.text(pause))"]
                )
                options.suspicion = error.cause.kind == .replaced ? nil : error.cause.description
                await time.wait(pause, or: SeenVersion(stop))
                if stop.isAsked { return logger.notice("stopped") }
                reloads.resume()
                // The clients of the sources were closed with the engine.
                composition = try Composition.read(path: path, environment: environment, hostName: hostName)
            } catch let error as ReopeningNeeded {
                throw error.cause
            }
        }
    }

    /// The spool in use failed in a way that opening it again answers: its file was damaged, replaced, or
    /// failed to be
    /// read or written.
    private struct ReopeningNeeded: Error {
        let cause: StoreError

        init?(_ error: any Error) {
            guard let error = error as? StoreError, [.damaged, .io, .replaced].contains(error.kind) else {
                return nil
            }
            cause = error
        }
    }

    /// Opens the spool and runs until `stop` is requested.
    ///
    /// - Throws: `ReopeningNeeded` when the spool has to be opened again; otherwise as `run`.
    private func run(
        _ composition: Composition,
        _ options: SpoolOptions,
        _ reloads: Reloads,
        _ time: Clocks,
        _ notifier: ServiceNotifier,
        hostName: String,
        until stop: ShutdownRequest
    ) async throws {
        let path = composition.spool.path
        let opened = try await Self.bootstrap(until: stop) { () async throws(StoreError) in
            // Repairing a large spool may take longer than the watchdog waits.
            let alive = Task {
                while let interval = notifier.watchdogInterval, !Task.isCancelled {
                    try? notifier.notify(.watchdog)
                    await time.wait(interval)
                }
            }
            defer { alive.cancel() }
            return try await open(path, options.fitted(toDiskOf: path), time, until: stop)
        }
        guard let spool = opened else { return logger.notice("stopped") }
        if let recovery = spool.recovery {
            logger.critical("spool recovered", metadata: ["cause": "\(recovery)"])
        }
        let engine = Engine(spool: spool, time: time, reloads: reloads, logger: logger)
        do {
            let hasBegun = try await Self.bootstrap(until: stop) { () async throws(StoreError) -> Bool? in
                try await engine.apply(composition)
                return true
            }
            if hasBegun != nil {
                try await serve(
                    engine,
                    CurrentComposition(composition),
                    notifier,
                    hostName: hostName,
                    until: stop
                )
            }
        } catch {
            await engine.stop()
            guard let reopening = ReopeningNeeded(error), !stop.isAsked else {
                // The first error is the cause; an error of closing the spool adds nothing.
                try? await spool.close(at: time.wall())
                throw error
            }
            await leave(spool, reopening.cause, time)
            throw reopening
        }
        await engine.stop()
        // A missing copy costs only a longer reading of the source, should the spool be lost.
        try? await spool.saveState(at: time.wall())
        try await spool.close(at: time.wall())
        logger.notice("stopped")
    }

    /// Closes a spool that is opened again; one whose file is gone is first copied to its place.
    private func leave(_ spool: Spool, _ cause: StoreError, _ time: Clocks) async {
        guard cause.kind == .replaced else {
            // Nothing more is written to a spool that failed.
            try? spool.abandon()
            return
        }
        do throws(StoreError) {
            try await spool.rescue(at: time.wall())
        } catch {
            logger.error("the open spool could not be copied to its place", metadata: ["cause": "\(error)"])
            try? spool.abandon()
        }
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
    /// - Returns: false if the process is a daemon, which keeps it.
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
        _ current: CurrentComposition,
        _ notifier: ServiceNotifier,
        hostName: String,
        until stop: ShutdownRequest
    ) async throws {
        let time = engine.time
        let composition = current.value
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
