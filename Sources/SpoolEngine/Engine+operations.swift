package import SpoolControl
package import SpoolCore
import SpoolPipeline
import SpoolStore
import Synchronization

/// What an operator does by hand: attempts, dead letters, retention, backups.
extension Engine {
    /// Ends the waits of a sink, or of all sinks and sources.
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

    /// Sends dead letters of a sink again, as a replay of exactly these events.
    package func requeue(_ events: [Seq], to sink: SinkName) async throws(StoreError) -> Replay {
        let replay = try await spool.requeue(events, to: sink, at: time.wall())
        lanesChanged.notify()
        return replay
    }

    /// Runs retention now, or says what it would delete.
    ///
    /// - Throws: `ControlRefusal` before a configuration was applied, or `StoreError`.
    package func prune(isDryRun: Bool) async throws -> PruneAnswer {
        guard let rules = retentionRules.withLock({ $0 }) else {
            throw ControlRefusal(.spoolUnavailable, "The process that holds the spool does not run retention.")
        }
        let work = PruneByHand(spool: spool, rules: rules, dates: sourceDates, wall: time.wall())
        let answer = try await work.run(isDryRun: isDryRun)
        if !isDryRun, answer.events > 0 { lanesChanged.notify() }
        return answer
    }

    /// Forgets a sink, or a stream, that has left the configuration.
    package func forget(_ name: String) async throws(StoreError) -> ForgetReport {
        let report = try await spool.forget(name, at: time.wall())
        // A running loop still has the lane: it sends no batch more of it.
        lanesChanged.notify()
        return report
    }

    /// Makes a whole, proved copy of the spool; `backups` knows how far it is.
    ///
    /// - Throws: `ControlRefusal` or `StoreError`.
    package func backUp(to file: String) async throws -> BackupReport {
        try await backups.run(spool, to: file)
    }
}
