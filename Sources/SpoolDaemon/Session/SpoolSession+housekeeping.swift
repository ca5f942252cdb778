import SpoolConfig
package import SpoolControl
package import SpoolCore
import SpoolEngine
import SpoolPipeline
import SpoolStore

extension SpoolSession {
    /// Runs retention now, or reports what it would delete.
    ///
    /// - Throws: `SourceFault` if no daemon is running and no source can be asked for its time.
    package func prune(isDryRun: Bool) async throws -> PruneAnswer {
        switch self {
        case .daemon(let client):
            // Retention runs in small transactions, and there may be many.
            try await ControlClient(client.socket, timeout: .hours(12)).send(PruneNow(isDryRun: isDryRun))
        case .standalone(let alone):
            // The end of the command also ends a request to a silent source, and the deletion after a slice.
            try await alone.stop.ending { try await alone.prune(isDryRun: isDryRun) }
        }
    }

    /// Forgets a sink or a stream that is no longer configured.
    package func forget(_ name: String) async throws -> ForgetReport {
        switch self {
        case .daemon(let client): try await client.send(Forget(name))
        case .standalone(let alone): try await alone.spool.forget(name, at: alone.engine.time.wall())
        }
    }

    /// Creates a complete, verified copy of the spool; `progress` is called regularly.
    ///
    /// If a daemon is running, it writes the file: as its user, and only where its unit permits.
    package func backup(
        to file: String,
        progress: @escaping @Sendable (BackupProgress) -> Void
    ) async throws -> BackupReport {
        switch self {
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
        case .standalone(let alone): return try await alone.backup(to: file, progress: progress)
        }
    }
}
