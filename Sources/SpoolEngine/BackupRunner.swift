import SpoolControl
package import SpoolCore
import SpoolStore
import Synchronization

/// The one backup that a daemon makes at a time, and how far it is.
package final class BackupRunner: Sendable {
    private let progress = Mutex<BackupProgress?>(nil)

    /// How far it is; nil while none is made.
    package var now: BackupProgress? { progress.withLock { $0 } }

    /// Makes a backup; a second one meanwhile is refused.
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
            throw ControlRefusal(.spoolUnavailable, "A backup is already running; wait until it has finished.")
        }
        defer { progress.withLock { $0 = nil } }
        return try await spool.backup(to: file) { [self] step in progress.withLock { $0 = step } }
    }
}
