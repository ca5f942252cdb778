package import SpoolControl
package import SpoolCore
package import SpoolPipeline
import SpoolStore

/// Operations on replays, in the daemon and in a command that holds the spool itself.
extension Engine {
    /// Estimates how many events a replay would send, and how many of them the sink already has.
    package func estimate(_ request: ReplayRequest) async throws(StoreError) -> ReplayEstimate {
        try request.check()
        return try await spool.estimate(request)
    }

    /// Creates a replay and notifies the delivery loops immediately.
    package func create(_ request: ReplayRequest) async throws(StoreError) -> Replay {
        try request.check()
        let replay = try await spool.create(request, at: time.wall())
        lanesChanged.notify()
        return replay
    }

    /// Pauses, resumes or cancels a replay, and returns its new state.
    package func move(_ id: ReplayID, _ move: MoveReplay.Move) async throws(StoreError) -> Replay {
        let before = try await replay(id)
        guard before.state.isUnfinished else {
            throw StoreError(
                .invalid,
                "Replay \(id) has ended (\(before.state.rawValue)) and can no longer be changed."
            )
        }
        try await spool.move(id, to: move.state, at: time.wall())
        lanesChanged.notify()
        return try await replay(id)
    }

    /// How long a removal waits until the connection to an ad-hoc destination is closed.
    private static let farewell = DeliveryLoop.gracePeriod + .seconds(5)

    /// Removes a replay that has ended, once its connection is closed, and returns its last state.
    package func remove(_ id: ReplayID) async throws(StoreError) -> Replay {
        let before = try await replay(id)
        let deadline = time.elapsed() + Self.farewell
        while !before.state.isUnfinished {
            let closed = SeenVersion(lanesChanged)
            let rest = deadline - time.elapsed()
            guard rest > .zero, try await spool.isConnected(id) else { break }
            await time.wait(rest, or: closed)
            // The daemon is shutting down: the open connection may still settle events of this replay.
            if Task.isCancelled {
                throw StoreError(.busy, "Replay \(id) was not removed: its connection is still open.")
            }
        }
        try await spool.remove(id)
        return before
    }

    /// Creates the refetcher that reads a replay's window from its sources.
    package func refetcher(of replay: ReplayID, _ crashes: PoisonGuard) -> Refetcher {
        replays(crashes).refetcher(of: replay)
    }

    private func replay(_ id: ReplayID) async throws(StoreError) -> Replay {
        guard let replay = try await spool.replay(id) else {
            throw StoreError(.invalid, "There is no replay \(id); `spool replay list` shows all.")
        }
        return replay
    }
}
