import Foundation
import GRDB
package import SpoolCore

extension Spool {
    /// Makes a whole copy of the spool while it is in use, and proves it before it gets its name.
    ///
    /// The copy is made in steps on the writing connection, between its transactions: what is written meanwhile goes
    /// into the copy as well, no read transaction stays open, and nothing waits longer than for one step. It is then
    /// read back whole (`integrity_check`, every event counted against the streams' own counts, as they were at the
    /// last step), synced, and renamed. A copy that was broken off leaves nothing behind.
    ///
    /// - Parameters:
    ///   - file: where to; its folder must exist, and it must not.
    ///   - progress: called after each step.
    /// - Returns: what the copy holds.
    /// - Throws: `.invalid` when there is such a file; `.full`, `.readOnly`, `.io` for the copy's own disk; `.damaged`
    ///   when the copy is not what the spool is.
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
            // Others that wait for the writing connection come first.
            await Task.yield()
        }
    }
}
