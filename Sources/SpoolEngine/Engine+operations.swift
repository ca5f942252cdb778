package import SpoolControl
package import SpoolCore
import SpoolPipeline
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
