import SpoolConfig
package import SpoolControl
package import SpoolCore
import SpoolEngine
import SpoolPipeline
import SpoolStore

extension ReplayDesk {
    /// Runs retention now, or says what it would delete.
    ///
    /// - Throws: `SourceFault` when no daemon runs and no source can be asked for its time.
    package func prune(isDryRun: Bool) async throws -> PruneAnswer {
        switch way {
        case .daemon(let client):
            // It works in small transactions, and there may be many.
            try await ControlClient(client.socket, timeout: .hours(12)).send(PruneNow(isDryRun: isDryRun))
        case .direct(let direct):
            // A request to a silent source, and the next slice, end with the command.
            try await direct.stop.ending { try await direct.prune(isDryRun: isDryRun) }
        }
    }

    /// Forgets a sink, or a stream, that has left the configuration.
    package func forget(_ name: String) async throws -> ForgetReport {
        switch way {
        case .daemon(let client): try await client.send(Forget(name))
        case .direct(let direct): try await direct.spool.forget(name, at: direct.engine.time.wall())
        }
    }

    /// Makes a whole, proved copy of the spool; `progress` is called now and then.
    ///
    /// With a daemon the file is the daemon's: written by its user, where its unit lets it write.
    package func backup(
        to file: String,
        progress: @escaping @Sendable (BackupProgress) -> Void
    ) async throws -> BackupReport {
        switch way {
        case .daemon(let client):
            let patient = ControlClient(client.socket, timeout: .hours(48))
            return try await withThrowingTaskGroup(of: BackupReport?.self) { group in
                group.addTask { try await patient.send(BackUp(to: file)) }
                group.addTask {
                    while (try? await Task.sleep(for: .milliseconds(500))) != nil {
                        if let now = try? await client.send(ShowBackup()).progress { progress(now) }
                    }
                    return nil
                }
                defer { group.cancelAll() }
                guard let report = try await group.next() ?? nil else { throw CancellationError() }
                return report
            }
        case .direct(let direct):
            // A daemon that asks for the spool gets it: the backup is then broken off.
            return try await direct.stop.ending {
                try await direct.spool.backup(to: file, progress: progress)
            }
        }
    }
}

extension DirectReplays {
    /// Retention counts by the sources' own clocks, so each is asked first.
    fileprivate func prune(isDryRun: Bool) async throws -> PruneAnswer {
        var dates: [StreamID: Timestamp] = [:]
        var fault: SourceFault?
        for part in composition.sources {
            // A date that is not believed would delete what is not old.
            let source = ClockedSource(part.content, time: engine.time, logger: engine.logger)
            guard let stream = source.streams.first else { continue }
            do throws(SourceFault) {
                let date = try await source.date(for: stream)
                for id in source.streams.compactMap({ registration.streams[$0.name] }) { dates[id] = date }
            } catch {
                fault = error
            }
        }
        if let fault, dates.isEmpty { throw fault }
        let rules = RetentionRules(composition, registration)
        let work = PruneByHand(spool: spool, rules: rules, dates: dates, wall: engine.time.wall())
        return try await work.run(isDryRun: isDryRun)
    }
}
