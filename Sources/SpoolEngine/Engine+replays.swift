package import SpoolControl
package import SpoolCore
package import SpoolPipeline
import SpoolStore

/// What is asked of replays, whether a daemon is asked or a command that holds the spool itself.
extension Engine {
    /// How many events a replay would send, and what the sink has of them.
    package func estimate(_ request: ReplayRequest) async throws(StoreError) -> ReplayEstimate {
        try request.check()
        return try await spool.estimate(request)
    }

    /// Makes a replay; the lanes learn of it at once.
    package func create(_ request: ReplayRequest) async throws(StoreError) -> Replay {
        try request.check()
        let replay = try await spool.create(request, at: time.wall())
        lanesChanged.notify()
        return replay
    }

    /// Pauses, resumes or cancels a replay; returns it as it is then.
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

    /// How long a removal waits for the end of the connection to an ad-hoc destination.
    private static let farewell = DeliveryLoop.patience + .seconds(5)

    /// Removes a replay that has ended, once its connection has been closed; returns it as it was.
    package func remove(_ id: ReplayID) async throws(StoreError) -> Replay {
        let before = try await replay(id)
        let deadline = time.elapsed() + Self.farewell
        while !before.state.isUnfinished, !Task.isCancelled {
            let closed = Watch(lanesChanged)
            let rest = deadline - time.elapsed()
            guard rest > .zero, try await spool.isConnected(id) else { break }
            await time.wait(rest, or: closed)
            // The daemon ends: nothing is removed of what a connection may still settle.
            if Task.isCancelled {
                throw StoreError(.busy, "Replay \(id) was not removed: its connection is still open.")
            }
        }
        try await spool.remove(id)
        return before
    }

    /// What reads a replay's window from its sources.
    package func refetcher(of replay: ReplayID, _ crashes: CrashWatch) -> Refetcher {
        replays(crashes).refetcher(of: replay)
    }

    private func replay(_ id: ReplayID) async throws(StoreError) -> Replay {
        guard let replay = try await spool.replay(id) else {
            throw StoreError(.invalid, "There is no replay \(id); `spool replay list` shows all.")
        }
        return replay
    }
}
