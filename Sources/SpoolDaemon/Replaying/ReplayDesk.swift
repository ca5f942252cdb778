import SpoolConfig
package import SpoolControl
package import SpoolCore
package import SpoolEngine
import SpoolPipeline
import SpoolStore

/// Where commands make and change replays: at the daemon's socket while it runs, in the spool itself when not.
package struct ReplayDesk: Sendable {
    enum Way: Sendable {
        case daemon(ControlClient)
        case direct(DirectReplays)
    }

    let way: Way

    /// Finds the way for a spool, does `body`, and gives the spool back whatever comes of it.
    ///
    /// Waits up to 10 s for a process that holds the lock and does not answer yet. Where this process holds the spool, a
    /// signal ends `body` first.
    ///
    /// - Throws: `ControlFault` or `StoreError`; `Interrupted` after a signal, when the spool is closed.
    package static func use(
        _ composition: Composition,
        command: String,
        _ body: (ReplayDesk) async throws -> Void
    ) async throws {
        try await use(spool: composition.spool.path, command: command, composition: { composition }, body)
    }

    /// The same for a command that needs only the spool's path where a daemon runs.
    ///
    /// - Parameters:
    ///   - path: the spool's file.
    ///   - command: who takes the lock, where no daemon runs.
    ///   - composition: called where no daemon runs.
    ///   - body: is given the desk.
    /// - Throws: `ControlFault`, `StoreError`, and what `composition` and `body` throw; `Interrupted` after a signal.
    package static func use(
        spool path: String,
        command: String,
        composition: () throws -> Composition,
        _ body: (ReplayDesk) async throws -> Void
    ) async throws {
        let client = ControlClient(ControlSocket(spool: path))
        let holder = try await client.find { Spool.holder(ofSpoolAt: path) }
        if holder != nil { return try await body(ReplayDesk(way: .daemon(client))) }
        try await DirectReplays.use(composition(), command: command) { direct in
            try await body(ReplayDesk(way: .direct(direct)))
        }
    }

    /// True when no daemon runs: a replay then only moves while this process drives it.
    package var isDirect: Bool {
        if case .direct = way { return true }
        return false
    }

    package func estimate(_ request: ReplayRequest) async throws -> ReplayEstimate {
        switch way {
        case .daemon(let client): try await client.send(EstimateReplay(request))
        case .direct(let direct): try await direct.engine.estimate(request)
        }
    }

    package func create(_ request: ReplayRequest) async throws -> Replay {
        switch way {
        case .daemon(let client): try await client.send(CreateReplay(request))
        case .direct(let direct): try await direct.engine.create(request)
        }
    }

    /// All replays, newest first.
    package func replays() async throws -> [Replay] {
        switch way {
        case .daemon(let client): try await client.send(ListReplays())
        case .direct(let direct): try await direct.spool.replays(of: nil)
        }
    }

    package func move(_ replay: ReplayID, _ move: MoveReplay.Move) async throws -> Replay {
        switch way {
        case .daemon(let client): try await client.send(MoveReplay(replay, move))
        case .direct(let direct): try await direct.engine.move(replay, move)
        }
    }

    /// Removes a replay that has ended; returns it as it was.
    package func remove(_ replay: ReplayID) async throws -> Replay {
        switch way {
        case .daemon(let client): try await client.send(RemoveReplay(replay))
        case .direct(let direct): try await direct.engine.remove(replay)
        }
    }

    /// Drives a replay to its end when no daemon does; returns at once otherwise.
    package func drive(_ replay: Replay) async throws {
        if case .direct(let direct) = way { try await direct.drive(replay) }
    }

    /// True when a daemon has asked for the spool that this command held.
    package var isHandedOver: Bool {
        if case .direct(let direct) = way { return direct.isHandedOver }
        return false
    }

    /// True when a signal has come while this command holds the spool: its work ends.
    package var isInterrupted: Bool {
        if case .direct(let direct) = way { return direct.interrupt.isAsked }
        return false
    }

    /// Returns once a signal has come while this command holds the spool, or when the task is cancelled.
    package func interrupted() async {
        switch way {
        case .daemon: await Stop().asked()
        case .direct(let direct): await direct.interrupt.asked()
        }
    }

    /// Returns once this command is to give the spool back, or when the task is cancelled.
    package func ending() async {
        switch way {
        case .daemon: await Stop().asked()
        case .direct(let direct): await direct.stop.asked()
        }
    }

    /// All replays of a spool, newest first, read without the daemon and without the lock.
    package static func list(spool path: String) async throws(StoreError) -> [Replay] {
        try await Spool.openReadOnly(path: path).replays(of: nil)
    }
}
