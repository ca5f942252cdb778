import GRDB
import GRDBSQLite
package import SpoolCore
import Synchronization

/// The write-ahead log's size, and who holds it back.
package struct WALReport: Sendable, Codable, Equatable {
    /// Bytes of the -wal file.
    package let bytes: Int64
    /// Since when a reader has kept the log from being emptied; nil when none does.
    ///
    /// Report it after a minute.
    package let heldSince: Timestamp?
    /// Since when copying the log into the spool has failed; nil when the last try succeeded.
    package var failing: Failure?

    /// A checkpoint that failed, other than for a reader.
    package struct Failure: Sendable, Codable, Equatable {
        /// When it was first seen.
        package let since: Timestamp
        /// SQLite's words for it, with its code.
        package let cause: String
    }
}

/// Keeps the write-ahead log short: above its limit the writer tries a truncating checkpoint.
///
/// A reader with an open transaction keeps its snapshot's pages in the log. Then the try fails at once and is
/// repeated when the log has grown by a further eighth of the limit: it harms nothing but the log's size.
final class WALKeeper: Sendable {
    private struct State {
        var tryAgainAt: Int64
        var isHeld = false
        var heldSince: Timestamp?
        /// SQLite's code of the last checkpoint, if it failed.
        var failure: Int32?
        var failingSince: Timestamp?
        /// Failed checkpoints since the start.
        var failures = 0
    }

    /// The log's pages from which a commit copies them into the spool, as SQLite's own automatic checkpoint
    /// does.
    private static let pages = 1_000

    private let path: String
    private let limit: Int64
    private let state: Mutex<State>

    init(path: String, limit: Int64) {
        self.path = path
        self.limit = limit
        state = Mutex(State(tryAgainAt: limit))
    }

    /// Failed checkpoints since the start, readers in the way not counted.
    var failures: Int { state.withLock { $0.failures } }

    /// Takes the place of the connection's automatic checkpoint, which tells nobody when it fails.
    ///
    /// The spool owns both this and the connection, and commits nothing without it.
    func attach(to db: Database) {
        sqlite3_wal_hook(
            db.sqliteConnection,
            { context, connection, name, pages in
                guard let context, pages >= WALKeeper.pages else { return SQLITE_OK }
                let keeper = Unmanaged<WALKeeper>.fromOpaque(context).takeUnretainedValue()
                keeper.note(sqlite3_wal_checkpoint_v2(connection, name, SQLITE_CHECKPOINT_PASSIVE, nil, nil))
                // What has been committed is safe in the log, whatever comes of the checkpoint.
                return SQLITE_OK
            },
            Unmanaged.passUnretained(self).toOpaque()
        )
    }

    private func note(_ code: Int32) {
        state.withLock { state in
            switch code & 0xFF {
            case SQLITE_OK:
                state.failure = nil
                state.failingSince = nil
            // A reader, or another checkpoint, is in the way.
            case SQLITE_BUSY, SQLITE_LOCKED: break
            default:
                state.failure = code
                state.failures += 1
            }
        }
    }

    /// To be called on the writing connection after each commit.
    func committed(_ db: Database) {
        let bytes = SpoolFiles.size(of: path)
        guard bytes > limit else {
            state.withLock { state in
                state.tryAgainAt = limit
                state.isHeld = false
                state.heldSince = nil
            }
            return
        }
        guard bytes >= state.withLock({ $0.tryAgainAt }) else { return }
        retry(db)
    }

    /// Tries to empty a log that is longer than its limit, and to copy one that could not be copied.
    func retry(_ db: Database) {
        if state.withLock({ $0.failure != nil }) {
            note(sqlite3_wal_checkpoint_v2(db.sqliteConnection, "main", SQLITE_CHECKPOINT_PASSIVE, nil, nil))
        }
        let bytes = SpoolFiles.size(of: path)
        let result = bytes <= limit ? SQLITE_OK : truncate(db)
        let isEmpty = result == SQLITE_OK
        state.withLock { state in
            state.tryAgainAt = isEmpty ? limit : bytes + limit / 8
            state.isHeld = result == SQLITE_BUSY
            if !state.isHeld { state.heldSince = nil }
        }
    }

    /// How long the log is and since when it is held back, as seen by calls of this.
    func report(at now: Timestamp) -> WALReport {
        let bytes = SpoolFiles.size(of: path)
        return state.withLock { state in
            if !state.isHeld {
                state.heldSince = nil
            } else if state.heldSince == nil {
                state.heldSince = now
            }
            var report = WALReport(bytes: bytes, heldSince: state.heldSince)
            if let failure = state.failure {
                let since = state.failingSince ?? now
                state.failingSince = since
                let words =
                    sqlite3_errstr(failure).map { String(cString: $0) } ?? "no message from SQLite"
                report.failing = WALReport.Failure(since: since, cause: "SQLite \(failure): \(words)")
            }
            return report
        }
    }

    /// Moves everything into the database file and empties the log.
    ///
    /// - Returns: SQLite's primary code: `SQLITE_BUSY` when a reader is in the way, `SQLITE_FULL` when the
    ///   file cannot grow.
    @discardableResult
    func truncate(_ db: Database) -> Int32 {
        guard let connection = db.sqliteConnection else { return SQLITE_MISUSE }
        // A checkpoint waits for readers as long as the busy time-out; commits must not wait behind it.
        sqlite3_busy_timeout(connection, 50)
        defer { sqlite3_busy_timeout(connection, 5_000) }
        let code = sqlite3_wal_checkpoint_v2(connection, "main", SQLITE_CHECKPOINT_TRUNCATE, nil, nil)
        note(code)
        return code & 0xFF
    }
}
