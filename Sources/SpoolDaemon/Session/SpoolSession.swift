import SpoolConfig
package import SpoolControl
package import SpoolCore
package import SpoolEngine
import SpoolPipeline
import SpoolStore

/// How a command works with a spool: through the process that holds it, or by itself while no process does.
package enum SpoolSession: Sendable {
    /// A daemon, or another command, holds the spool and answers on its socket.
    case daemon(ControlClient)
    /// This command holds the spool.
    case standalone(StandaloneSpool)

    /// Finds who holds a spool; waits up to 10 s for a process that holds the lock and does not answer yet.
    ///
    /// - Parameters:
    ///   - path: the spool's file.
    ///   - timeout: how long an answer of that process may take.
    /// - Returns: a client, and who answers; no holder when the lock is free.
    /// - Throws: `ControlFault`.
    static func find(_ path: String, timeout: Duration = .seconds(60)) async throws(ControlFault)
        -> (client: ControlClient, holder: SpoolHolder?)
    {
        let client = ControlClient(ControlSocket(spool: path), timeout: timeout)
        return (client, try await client.find { Spool.holder(ofSpoolAt: path) })
    }

    /// Opens a session for `body`, and gives the spool back whatever comes of it. Where this process holds the spool, a
    /// signal ends `body` first.
    ///
    /// - Throws: what `body` throws; `ControlFault`, `StoreError`; `ConfigurationFault` for a secret that this process
    ///   cannot read; `Interrupted` after a signal, when the spool is closed.
    package static func use<Result>(
        _ composition: Composition,
        command: String,
        _ body: (SpoolSession) async throws -> Result
    ) async throws -> Result {
        try await use(spool: composition.spool.path, command: command, composition: { composition }, body)
    }

    /// The same for a command that needs only the spool's path where a daemon runs.
    ///
    /// - Parameters:
    ///   - path: the spool's file.
    ///   - command: who takes the lock, where no daemon runs.
    ///   - composition: called where no daemon runs.
    ///   - body: is given the session.
    /// - Throws: as above, and what `composition` throws.
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

    /// True when no daemon runs: a replay then only moves while this process drives it.
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

    /// Removes a replay that has ended; returns it as it was.
    package func remove(_ replay: ReplayID) async throws -> Replay {
        switch self {
        case .daemon(let client): try await client.send(RemoveReplay(replay))
        case .standalone(let alone): try await alone.engine.remove(replay)
        }
    }

    /// Drives a replay to its end when no daemon does; returns at once otherwise.
    package func drive(_ replay: Replay) async throws {
        if case .standalone(let alone) = self { try await alone.drive(replay) }
    }

    /// True when a daemon has asked for the spool that this command held.
    package var isHandedOver: Bool {
        if case .standalone(let alone) = self { return alone.isHandedOver }
        return false
    }

    /// True when a signal has come while this command holds the spool: its work ends.
    package var isInterrupted: Bool {
        if case .standalone(let alone) = self { return alone.interrupt.isAsked }
        return false
    }

    /// Returns once a signal has come while this command holds the spool, or when the task is cancelled.
    package func interrupted() async {
        switch self {
        case .daemon: await Stop().asked()
        case .standalone(let alone): await alone.interrupt.asked()
        }
    }

    /// Returns once this command is to give the spool back, or when the task is cancelled.
    package func ending() async {
        switch self {
        case .daemon: await Stop().asked()
        case .standalone(let alone): await alone.stop.asked()
        }
    }

    /// All replays of a spool, newest first, read without the daemon and without the lock.
    package static func list(spool path: String) async throws(StoreError) -> [Replay] {
        try await Spool.openReadOnly(path: path).replays(of: nil)
    }
}
