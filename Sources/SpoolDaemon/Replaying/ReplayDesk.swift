import SpoolConfig
package import SpoolControl
package import SpoolCore
import SpoolStore

/// Where commands make and change replays: at the daemon's socket while it runs, in the spool itself when not.
package struct ReplayDesk: Sendable {
    enum Way: Sendable {
        case daemon(ControlClient)
        case direct(DirectReplays)
    }

    let way: Way

    /// Finds the way for a spool; waits up to 10 s for a process that holds the lock and does not answer yet.
    ///
    /// - Throws: `ControlFault` or `StoreError`.
    private static func open(
        spool path: String,
        command: String,
        _ composition: () throws -> Composition
    ) async throws -> ReplayDesk {
        let client = ControlClient(ControlSocket(spool: path))
        let holder = try await client.find { Spool.holder(ofSpoolAt: path) }
        if holder != nil { return ReplayDesk(way: .daemon(client)) }
        return ReplayDesk(way: .direct(try await DirectReplays.open(composition(), command: command)))
    }

    /// Opens the desk for `body`, and gives the spool back whatever comes of it.
    package static func use(
        _ composition: Composition,
        command: String,
        _ body: (ReplayDesk) async throws -> Void
    ) async throws {
        try await use(spool: composition.spool.path, command: command, composition: { composition }, body)
    }

    /// The same for a command that needs no more than the spool's place where a daemon runs.
    ///
    /// - Parameters:
    ///   - path: the spool's file.
    ///   - command: who takes the lock, where no daemon runs.
    ///   - composition: called where no daemon runs.
    ///   - body: is given the desk.
    /// - Throws: `ControlFault`, `StoreError`, and what `composition` and `body` throw.
    package static func use(
        spool path: String,
        command: String,
        composition: () throws -> Composition,
        _ body: (ReplayDesk) async throws -> Void
    ) async throws {
        let desk = try await open(spool: path, command: command, composition)
        do {
            try await body(desk)
        } catch {
            // The first error says why; closing adds nothing to it.
            try? await desk.close()
            throw error
        }
        try await desk.close()
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

    /// All replays of a spool, newest first, read without the daemon and without the lock.
    package static func list(spool path: String) async throws(StoreError) -> [Replay] {
        try await Spool.openReadOnly(path: path).replays(of: nil)
    }

    /// Gives the spool back.
    private func close() async throws {
        if case .direct(let direct) = way { try await direct.close() }
    }
}
