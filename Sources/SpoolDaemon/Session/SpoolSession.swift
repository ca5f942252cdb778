import SpoolConfig
package import SpoolControl
package import SpoolCore
package import SpoolEngine
import SpoolPipeline
import SpoolStore

/// A command's access to a spool: through the process that holds it, or directly if no process does.
package enum SpoolSession: Sendable {
    /// A daemon, or another command, holds the spool and answers on its socket.
    case daemon(ControlClient)
    /// This command holds the spool.
    case standalone(StandaloneSpool)

    /// Finds the process that holds a spool; waits up to 10 s for one that holds the lock and does not answer
    /// yet.
    ///
    /// - Parameters:
    ///   - path: the spool's file.
    ///   - timeout: how long the process may take to answer.
    /// - Returns: a client, and the holder; nil if the lock is free.
    /// - Throws: `ControlFault`.
    static func find(_ path: String, timeout: Duration = .seconds(60)) async throws(ControlFault)
        -> (client: ControlClient, holder: SpoolHolder?)
    {
        let client = ControlClient(ControlSocket(spool: path), timeout: timeout)
        return (client, try await client.find { Spool.holder(ofSpoolAt: path) })
    }

    /// Opens a session for `body`, and releases the spool afterwards in all cases.
    ///
    /// If this process holds the spool, a signal ends `body` first.
    ///
    /// - Returns: the result of `body`.
    /// - Throws: errors of `body`; `ControlFault`, `StoreError`; `ConfigurationFault` for a secret that this
    ///   process cannot read; `Interrupted` after a signal, once the spool is closed.
    package static func use<Result>(
        _ composition: Composition,
        command: String,
        _ body: (SpoolSession) async throws -> Result
    ) async throws -> Result {
        try await use(spool: composition.spool.path, command: command, composition: { composition }, body)
    }

    /// Opens a session for a command that needs only the path of the spool while a daemon is running.
    ///
    /// - Parameters:
    ///   - path: the file of the spool.
    ///   - command: the holder to record in the lock if no daemon is running.
    ///   - composition: called if no daemon is running.
    ///   - body: receives the session.
    /// - Returns: the result of `body`.
    /// - Throws: as above, and errors of `composition`.
    package static func use<Result>(
        spool path: String,
        command: String,
        composition: () throws -> Composition,
        _ body: (SpoolSession) async throws -> Result
    ) async throws -> Result {
        let (client, holder) = try await find(path)
        if holder != nil { return try await body(.daemon(client)) }
        return try await StandaloneSpool.use(composition(), command: command) { alone in
            try await body(.standalone(alone))
        }
    }

    /// True if no daemon is running: a replay then progresses only while this process runs it.
    package var isStandalone: Bool {
        if case .standalone = self { return true }
        return false
    }

    package func estimate(_ request: ReplayRequest) async throws -> ReplayEstimate {
        switch self {
        case .daemon(let client): try await client.send(EstimateReplay(request))
        case .standalone(let alone): try await alone.engine.estimate(request)
        }
    }

    package func create(_ request: ReplayRequest) async throws -> Replay {
        switch self {
        case .daemon(let client): try await client.send(CreateReplay(request))
        case .standalone(let alone): try await alone.engine.create(request)
        }
    }

    /// All replays, newest first.
    package func replays() async throws -> [Replay] {
        switch self {
        case .daemon(let client): try await client.send(ListReplays())
        case .standalone(let alone): try await alone.spool.replays(of: nil)
        }
    }

    package func move(_ replay: ReplayID, _ move: MoveReplay.Move) async throws -> Replay {
        switch self {
        case .daemon(let client): try await client.send(MoveReplay(replay, move))
        case .standalone(let alone): try await alone.engine.move(replay, move)
        }
    }

    /// Removes a finished replay, and returns it.
    package func remove(_ replay: ReplayID) async throws -> Replay {
        switch self {
        case .daemon(let client): try await client.send(RemoveReplay(replay))
        case .standalone(let alone): try await alone.engine.remove(replay)
        }
    }

    /// Runs a replay until it ends if no daemon does; otherwise returns immediately.
    package func drive(_ replay: Replay) async throws {
        if case .standalone(let alone) = self { try await alone.drive(replay) }
    }

    /// True if a daemon has requested the spool that this command held.
    package var isHandedOver: Bool {
        if case .standalone(let alone) = self { return alone.isHandedOver }
        return false
    }

    /// True if a signal was received while this command holds the spool; its work then ends.
    package var isInterrupted: Bool {
        if case .standalone(let alone) = self { return alone.interrupt.isAsked }
        return false
    }

    /// Returns once a signal is received while this command holds the spool, or when the task is cancelled.
    package func interrupted() async {
        switch self {
        case .daemon: await ShutdownRequest().asked()
        case .standalone(let alone): await alone.interrupt.asked()
        }
    }

    /// Returns once this command must release the spool, or when the task is cancelled.
    package func ending() async {
        switch self {
        case .daemon: await ShutdownRequest().asked()
        case .standalone(let alone): await alone.stop.asked()
        }
    }

    /// All replays of a spool, newest first, read without the daemon and without the lock.
    package static func list(spool path: String) async throws(StoreError) -> [Replay] {
        try await Spool.openReadOnly(path: path).replays(of: nil)
    }
}
