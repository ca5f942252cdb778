import GRDB
import GRDBSQLite
import SpoolCore
import Synchronization

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
