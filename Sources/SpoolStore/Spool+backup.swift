import Foundation
import GRDB
import GRDBSQLite
package import SpoolCore
import Synchronization

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

/// The file of a backup; until it has been verified, a draft next to it.
struct BackupFile: Sendable {
    let path: String
    /// The draft, in the same folder, so that it only needs a new name.
    let draft: String

    /// Creates an empty draft.
    ///
    /// - Throws: `.invalid` when a file of either name exists, `.readOnly` when it cannot be created.
    init(_ path: String) throws(StoreError) {
        self.path = path
        draft = path + ".partial"
        guard !SpoolFiles.exists(path) else {
            throw StoreError(.invalid, "\(path) already exists; a backup never overwrites a file.")
        }
        let descriptor = open(draft, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, SpoolFiles.mode)
        guard descriptor >= 0 else {
            guard errno != EEXIST else {
                throw StoreError(
                    .invalid,
                    "\(draft) already exists: another backup is running, or one was killed. In the second "
                        + "case, remove the file."
                )
            }
            throw StoreError.file("write the backup \(path) as \(Self.user)", errno)
        }
        fchmod(descriptor, SpoolFiles.mode)
        close(descriptor)
    }

    /// Reads the whole draft back and makes it durable; on its own thread, because that may take minutes.
    func check(against counts: BackupCounts) async throws(StoreError) -> BackupReport {
        let queue: DatabaseQueue
        do {
            var configuration = Configuration()
            configuration.readonly = true
            queue = try DatabaseQueue(path: draft, configuration: configuration)
        } catch {
            throw StoreError(error, path: draft)
        }
        let result: Result<BackupReport, StoreError> = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                queue.asyncRead { db in
                    let result = Result {
                        let report = try self.report(try db.get(), counts)
                        try self.sync()
                        return report
                    }
                    continuation.resume(returning: result.mapError { StoreError($0, path: draft) })
                }
            }
        } onCancel: {
            queue.interrupt()
        }
        // It has been read or abandoned, so errors do not matter.
        try? queue.close()
        if Task.isCancelled { throw .brokenOff }
        return try result.get()
    }

    private func report(_ db: Database, _ counts: BackupCounts) throws -> BackupReport {
        let found = try String.fetchOne(db, sql: "PRAGMA integrity_check(1)") ?? "no answer"
        guard found == "ok" else { throw damaged(found) }
        let events = try Int.fetchOne(db, sql: "SELECT count(*) FROM event") ?? 0
        let records = try Int.fetchOne(db, sql: "SELECT count(*) FROM record") ?? 0
        let last = try Int64.fetchOne(db, sql: "SELECT max(seq) FROM event") ?? 0
        let rows = try Int.fetchOne(db, sql: "SELECT count(*) FROM ledger") ?? 0
        guard events == counts.events, records == events, last == counts.lastSeq, rows == counts.ledgerRows
        else {
            throw damaged(
                "it has \(events) events, \(records) records and \(rows) ledger rows; the spool had "
                    + "\(counts.events) events and \(counts.ledgerRows) ledger rows"
            )
        }
        return BackupReport(
            file: path,
            bytes: SpoolFiles.size(of: draft),
            events: events,
            streams: try Int.fetchOne(db, sql: "SELECT count(*) FROM stream") ?? 0,
            ledgerRows: rows,
            lastSeq: last
        )
    }

    private func sync() throws(StoreError) {
        let descriptor = open(draft, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw StoreError.file("open \(draft)", errno) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw StoreError.file("sync \(draft)", errno) }
    }

    /// Gives the draft its final name, if that is still free.
    func finish() throws(StoreError) {
        // Unlike rename(2), link(2) fails when the file exists.
        guard link(draft, path) == 0 else { throw StoreError.file("create the backup \(path)", errno) }
        remove()
        SpoolFiles(path: path).syncFolder()
    }

    func remove() {
        for name in [draft, draft + "-journal", draft + "-wal", draft + "-shm"] { unlink(name) }
    }

    /// Converts an error of the backup file, as opposed to one of the spool.
    func fault(_ code: Int32) -> StoreError {
        let store = StoreError(DatabaseError(resultCode: ResultCode(rawValue: code)), path: draft)
        guard store.kind == .full else {
            return StoreError(.readOnly, "The backup \(path) cannot be written: \(store.description)")
        }
        return StoreError(.full, "The disk of the backup \(path) is full; nothing was kept.")
    }

    private func damaged(_ what: String) -> StoreError {
        StoreError(
            .damaged,
            "The backup \(path) does not match the spool and was removed: \(Sentence.ended(what))"
        )
    }

    private static var user: String { "user id \(geteuid())" }
}

extension StoreError {
    /// The backup was cancelled.
    static let brokenOff = StoreError(
        .busy,
        "The backup was interrupted; nothing was kept."
    )
}

/// The contents of the spool when the last page was copied.
struct BackupCounts: Sendable {
    let pages: Int
    let events: Int
    let lastSeq: Int64
    let ledgerRows: Int
}

/// One online backup of SQLite (sqlite.org/c3ref/backup_finish.html), done in steps on the writing
/// connection.
///
/// SQLite itself applies writes of this connection between two steps to the pages that are already copied; a
/// backup through a second connection would restart with every commit.
final class BackupSteps: Sendable {
    /// Pages per step: 4 MiB, about 10 ms.
    static let pages: Int32 = 512

    /// SQLite's handles, whose types are not declared as sendable.
    ///
    /// They never leave the mutex, so one thread at a time uses them, on the writing connection's queue.
    /// SQLite requires nothing more (sqlite.org/threadsafe.html, multi-thread).
    private struct Handles: @unchecked Sendable {
        var backup: OpaquePointer?
        var target: OpaquePointer?
    }

    private let file: BackupFile
    private let handles = Mutex(Handles())

    init(_ file: BackupFile) { self.file = file }

    /// Copies the next pages.
    ///
    /// - Returns: nil until all pages are copied, then the contents of the spool at this moment.
    func next(_ db: Database, _ progress: (BackupProgress) -> Void) throws -> BackupCounts? {
        let source = db.sqliteConnection
        let (code, left, total) = try handles.withLock { handles in
            try begin(&handles, source)
            let code = sqlite3_backup_step(handles.backup, Self.pages)
            return (
                code, Int(sqlite3_backup_remaining(handles.backup)),
                Int(sqlite3_backup_pagecount(handles.backup))
            )
        }
        progress(BackupProgress(step: .copying, pages: total - left, total: total))
        switch code {
        case SQLITE_OK, SQLITE_BUSY, SQLITE_LOCKED: return nil
        case SQLITE_DONE:
            let counts = BackupCounts(
                pages: total,
                events: try Int.fetchOne(db, sql: "SELECT coalesce(sum(kept), 0) FROM stream") ?? 0,
                lastSeq: try Int64.fetchOne(db, sql: "SELECT max(seq) FROM event") ?? 0,
                ledgerRows: try Int.fetchOne(db, sql: "SELECT count(*) FROM ledger") ?? 0
            )
            try end()
            return counts
        default:
            giveUp()
            throw file.fault(code)
        }
    }

    /// Aborts the backup; nothing may be copied afterwards.
    func giveUp() {
        handles.withLock { handles in
            sqlite3_backup_finish(handles.backup)
            sqlite3_close_v2(handles.target)
            handles = Handles()
        }
    }

    private func begin(_ handles: inout Handles, _ source: OpaquePointer?) throws {
        if handles.backup != nil { return }
        let code = sqlite3_open_v2(file.draft, &handles.target, SQLITE_OPEN_READWRITE, nil)
        guard code == SQLITE_OK else { throw file.fault(code) }
        // A draft needs neither, because it is checked and synced at the end.
        sqlite3_exec(handles.target, "PRAGMA synchronous = OFF; PRAGMA journal_mode = OFF", nil, nil, nil)
        handles.backup = sqlite3_backup_init(handles.target, "main", source, "main")
        guard handles.backup != nil else { throw file.fault(sqlite3_errcode(handles.target)) }
    }

    private func end() throws {
        try handles.withLock { handles in
            let code = sqlite3_backup_finish(handles.backup)
            handles.backup = nil
            // Makes the backup a single file without a log: the header copied from the spool says WAL mode.
            sqlite3_exec(handles.target, "PRAGMA journal_mode = DELETE", nil, nil, nil)
            sqlite3_close_v2(handles.target)
            handles.target = nil
            guard code == SQLITE_OK else {
                throw file.fault(code)
            }
        }
    }
}
