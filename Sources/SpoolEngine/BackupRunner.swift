import SpoolControl
package import SpoolCore
import SpoolStore
import Synchronization

/// Runs one backup at a time and reports its progress.
package final class BackupRunner: Sendable {
    private let progress = Mutex<BackupProgress?>(nil)

    /// The progress of the running backup; nil if none is running.
    package var now: BackupProgress? { progress.withLock { $0 } }

    /// Makes a backup; refuses a second one while it runs.
    func run(_ spool: Spool, to file: String) async throws -> BackupReport {
        guard file.hasPrefix("/") else {
            throw ControlRefusal(.wrongUse, "The path of a backup must be absolute; `\(file)` is not.")
        }
        let isFree = progress.withLock { progress in
            guard progress == nil else { return false }
            progress = BackupProgress(step: .copying, pages: 0, total: 0)
            return true
        }
        guard isFree else {
            throw ControlRefusal(
                .spoolUnavailable,
                "A backup is already running; wait until it has finished."
            )
        }
        defer { progress.withLock { $0 = nil } }
        return try await spool.backup(to: file) { [self] step in progress.withLock { $0 = step } }
    }
}
