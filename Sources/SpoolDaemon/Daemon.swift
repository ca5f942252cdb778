import Foundation
package import Logging
package import SpoolConfig
package import SpoolCore
import SpoolControl
import SpoolNetwork
import SpoolPipeline
import SpoolStore
import UnixSignals

/// The daemon: one spool, the loops of a configuration, and the signals that end or reload them.
package struct Daemon: Sendable {
    private let path: String
    private let environment: [String: String]
    private let logger: Logger
    /// Told once everything runs; the tests of a command and `Type=notify` wait for it.
    private let onReady: @Sendable () -> Void
    /// How long requests under way may take at a stop, once the loops have ended.
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
    /// - Throws: `ConfigurationFault` (exit 2) or `StoreError` (exit 4), and `TooManyCriticalErrors` (exit 6) where the
    ///   configuration asks for it; everything else is a state.
    package func run() async throws {
        DescriptorLimit.raise()
        // What is queued is written before the command's own last words.
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
        let spool = try await Self.bootstrap { () async throws(StoreError) in
            try await open(path, options.fitted(toDiskOf: path), time)
        }
        let engine = Engine(spool: spool, time: time, logger: logger)
        do {
            try await Self.bootstrap { () async throws(StoreError) in try await engine.apply(composition) }
            try await serve(engine, composition, hostName: hostName)
        } catch {
            await engine.stop()
            // The first error says why; closing a broken spool adds nothing to it.
            try? await spool.close(at: time.wall())
            throw error
        }
        await engine.stop()
        try await spool.close(at: time.wall())
        logger.notice("stopped")
    }

    /// Says of what fails before the daemon runs that it does, in the old agent's words.
    private static func bootstrap<Result>(
        _ start: () async throws(StoreError) -> Result
    ) async throws(StoreError) -> Result {
        do throws(StoreError) {
            return try await start()
        } catch {
            throw StoreError(error.kind, "General error during bootstrap: \(error.description)")
        }
    }

    /// Opens the spool; a command that holds it is asked to give it up, a daemon is not.
    private func open(
        _ path: String,
        _ options: SpoolOptions,
        _ time: Timekeeper
    ) async throws(StoreError) -> Spool {
        do throws(StoreError) {
            return try Spool.open(path: path, options: options, at: time.wall())
        } catch {
            guard error.kind == .locked else { throw error }
            let client = ControlClient(ControlSocket(spool: path))
            let holder = try? await client.find(patience: .seconds(10)) { Spool.holder(ofSpoolAt: path) }
            if let holder {
                guard holder.role == .command else { throw error }
                logger.notice(
                    "waiting for the spool",
                    metadata: ["holder": "\(holder.pid) (\(holder.command))"]
                )
                _ = try? await client.send(HandOver())
            }
            return try await openWhenFree(path, options, time)
        }
    }

    /// The command that was asked closes its connection first, for at most `DeliveryLoop.patience`; a lock gives
    /// no notice of its release, so it is tried again.
    private func openWhenFree(
        _ path: String,
        _ options: SpoolOptions,
        _ time: Timekeeper
    ) async throws(StoreError) -> Spool {
        let end = time.elapsed() + .seconds(15)
        while true {
            do throws(StoreError) {
                return try Spool.open(path: path, options: options, at: time.wall())
            } catch {
                guard error.kind == .locked, time.elapsed() < end else { throw error }
            }
            await time.wait(.milliseconds(200))
        }
    }

    private func serve(_ engine: Engine, _ composition: Composition, hostName: String) async throws {
        let time = engine.time
        let notifier = ServiceNotifier(environment: environment)
        let current = CurrentComposition(composition)
        let readiness = Readiness()
        let control = ControlServer(
            socket: ControlSocket(spool: composition.spool.path),
            status: composition.status.listen,
            routes: ControlRoutes(
                engine: engine,
                holder: SpoolHolder.current(.daemon, command: "spool run"),
                onHandOver: nil,
                reporter: StatusReporter(engine: engine, current: current),
                web: WebRoutes(engine: engine, current: current, readiness: readiness)
            ),
            logger: logger
        )
        let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint, .sighup)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await control.run {
                    notifier.ready()
                    logger.notice("running", metadata: ["spool": "\(composition.spool.path)"])
                    onReady()
                }
            }
            group.addTask { try await engine.failure() }
            group.addTask { try await engine.tooManyErrors() }
            if notifier.watchdogInterval != nil {
                // A daemon that hangs is restarted: it is fed only while the spool answers.
                group.addTask {
                    while !Task.isCancelled {
                        await notifier.keepAlive { (try? await engine.spool.failures()) != nil }
                        // It did not answer this once; there is time until the supervisor loses patience.
                        await time.wait(.seconds(1))
                    }
                }
            }
            group.addTask {
                for await signal in signals {
                    guard signal == .sighup else { break }
                    engine.reloads.ask()
                }
            }
            let reloader = Reloader(
                engine: engine,
                current: current,
                notifier: notifier,
                path: path,
                environment: environment,
                hostName: hostName,
                logger: logger
            )
            // Beside the signals: a stop does not wait for a reload.
            group.addTask { await reloader.run() }
            // The signals' end, or the first failure.
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
