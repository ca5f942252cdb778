import Foundation
import GRDB
package import SpoolCore

extension Spool {
    /// Makes a complete copy of the spool while it is in use, and verifies it before it gets its final name.
    ///
    /// The copy is made in steps on the writing connection, between its transactions. Writes in the meantime
    /// are included in the copy, no read transaction stays open, and no other operation waits for more than
    /// one step. The whole copy is then read back (`integrity_check`, and the number of events compared with
    /// the streams' counters at the last step), synced, and renamed. An interrupted copy leaves nothing
    /// behind.
    ///
    /// - Parameters:
    ///   - file: the path of the copy; its folder must exist, the file must not.
    ///   - progress: called after each step.
    /// - Returns: the contents of the copy.
    /// - Throws: `.invalid` when the file exists; `.full`, `.readOnly`, `.io` for the copy's own disk;
    ///   `.damaged` when the copy does not match the spool.
    package func backup(
        to file: String,
        progress: @escaping @Sendable (BackupProgress) -> Void
    ) async throws(StoreError) -> BackupReport {
        let copy = try BackupFile(file)
        do throws(StoreError) {
            let counts = try await copyPages(to: copy, progress)
            progress(BackupProgress(step: .checking, pages: counts.pages, total: counts.pages))
            let report = try await copy.check(against: counts)
            try copy.finish()
            return report
        } catch {
            copy.remove()
            throw error
        }
    }

    private func copyPages(
        to copy: BackupFile,
        _ progress: @escaping @Sendable (BackupProgress) -> Void
    ) async throws(StoreError) -> BackupCounts {
        let steps = BackupSteps(copy)
        while true {
            if Task.isCancelled {
                try await writeWithoutTransaction { _ in steps.giveUp() }
                throw .brokenOff
            }
            let done = try await writeWithoutTransaction { try steps.next($0, progress) }
            if let done { return done }
            // Other operations that wait for the writing connection go first.
            await Task.yield()
        }
    }
}
