package import SpoolControl
package import SpoolCore
package import SpoolPipeline
import SpoolStore
import Synchronization

/// Operations that an operator starts by hand: retries, dead letters, retention, backups.
extension Engine {
    /// Ends the waits before the next attempt of a sink, or of all sinks and sources.
    package func retry(_ sink: SinkName?) throws(ControlRefusal) -> RetryNow.Answer {
        let known = sources.sinks
        if let sink, !known.contains(sink) {
            throw ControlRefusal(
                .wrongUse,
                "There is no sink `\(sink)`; \(Listing.thereAre(known.map(\.text)))."
            )
        }
        let sinks = sink.map { [$0] } ?? known
        let names = sink == nil ? sources.names : []
        let waiting = bells.ring(sinks.map { .sink($0) } + names.map { .source($0) })
        if sink == nil { bells.ringAll() }
        return RetryNow.Answer(
            sinks: sinks.map { RetryNow.Part(name: $0.text, wasWaiting: waiting.contains(.sink($0))) },
            sources: names.map { RetryNow.Part(name: $0, wasWaiting: waiting.contains(.source($0))) }
        )
    }

    /// Sends dead letters of a sink again, as a replay of exactly those events.
    package func requeue(_ events: [Seq], to sink: SinkName) async throws(StoreError) -> Replay {
        let replay = try await spool.requeue(events, to: sink, at: time.wall())
        lanesChanged.notify()
        return replay
    }

    /// Runs retention now, or counts what it would delete.
    ///
    /// - Throws: `ControlRefusal` if no configuration has been applied yet, or `StoreError`.
    package func prune(isDryRun: Bool) async throws -> PruneAnswer {
        guard let rules = retentionRules.withLock({ $0 }) else {
            throw ControlRefusal(
                .spoolUnavailable,
                "The process that holds the spool does not run retention."
            )
        }
        let work = PruneByHand(spool: spool, rules: rules, dates: sourceDates, wall: time.wall())
        let answer = try await work.run(isDryRun: isDryRun)
        if !isDryRun, answer.events > 0 { lanesChanged.notify() }
        return answer
    }

    /// Forgets a sink or stream that is no longer configured.
    package func forget(_ name: String) async throws(StoreError) -> ForgetReport {
        let report = try await spool.forget(name, at: time.wall())
        // A running loop may still have the lane: the signal makes it stop sending from it.
        lanesChanged.notify()
        return report
    }

    /// Makes a consistent, verified copy of the spool; `backups` reports the progress.
    ///
    /// - Throws: `ControlRefusal` or `StoreError`.
    package func backUp(to file: String) async throws -> BackupReport {
        try await backups.run(spool, to: file)
    }
}

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

extension Engine {
    /// Requests one record from every configured stream's source, within each tenant's budget.
    package func trace(_ id: String) async -> [SourceTrace] {
        var found: [SourceTrace] = []
        for stream in sources.streams.sorted(by: { $0.name.description < $1.name.description }) {
            guard let access = sources.access(to: stream.name) else { continue }
            let inquiry = SourceInquiry(source: access.source, stream: access.stream) {
                await access.gate.take(.recovery, stop: ShutdownRequest())
            }
            found.append(await inquiry.run(id))
        }
        return found
    }
}
