import GRDB
import GRDBSQLite
package import SpoolCore
import Synchronization

/// The write-ahead log's size, and whether something keeps it from being truncated.
package struct WALReport: Sendable, Codable, Equatable {
    /// Bytes of the -wal file.
    package let bytes: Int64
    /// Since when a reader has kept the log from being truncated; nil when none does.
    ///
    /// Worth reporting after a minute.
    package let heldSince: Timestamp?
    /// Since when copying the log into the spool has failed; nil when the last attempt succeeded.
    package var failing: Failure?

    /// A checkpoint that failed for another reason than a reader.
    package struct Failure: Sendable, Codable, Equatable {
        /// When the failure was first observed.
        package let since: Timestamp
        /// SQLite's error message, with its code.
        package let cause: String
    }
}

/// Keeps the write-ahead log small: above its limit the writer tries a truncating checkpoint.
///
/// A reader with an open transaction keeps its snapshot's pages in the log. The attempt then fails
/// immediately and is repeated when the log has grown by another eighth of the limit. This affects only the
/// size of the log.
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

    /// A commit checkpoints when the log has this many pages, as SQLite's own automatic checkpoint does.
    private static let pages = 1_000

    private let path: String
    private let limit: Int64
    private let state: Mutex<State>

    init(path: String, limit: Int64) {
        self.path = path
        self.limit = limit
        state = Mutex(State(tryAgainAt: limit))
    }

    /// Failed checkpoints since the start, except those that a reader blocked.
    var failures: Int { state.withLock { $0.failures } }

    /// Replaces the connection's automatic checkpoint, which does not report failures.
    ///
    /// The spool owns both this object and the connection, and does not commit without it.
    func attach(to db: Database) {
        sqlite3_wal_hook(
            db.sqliteConnection,
            { context, connection, name, pages in
                guard let context, pages >= WALKeeper.pages else { return SQLITE_OK }
                let keeper = Unmanaged<WALKeeper>.fromOpaque(context).takeUnretainedValue()
                keeper.note(sqlite3_wal_checkpoint_v2(connection, name, SQLITE_CHECKPOINT_PASSIVE, nil, nil))
                // Commits are safe in the log, whether or not the checkpoint succeeds.
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
            // A reader or another checkpoint blocks it.
            case SQLITE_BUSY, SQLITE_LOCKED: break
            default:
                state.failure = code
                state.failures += 1
            }
        }
    }

    /// Call this on the writing connection after each commit.
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

    /// Tries to truncate a log above its limit, and repeats a checkpoint that failed.
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

    /// The size of the log and since when it cannot be truncated, as observed by calls of this method.
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

    /// Keeps the age of recorded times when the local clock is set.
    func followClock(to now: Timestamp, setForwardBy step: Duration) {
        state.withLock { state in
            state.heldSince = state.heldSince.map { min($0 + step, now) }
            state.failingSince = state.failingSince.map { min($0 + step, now) }
        }
    }

    /// Copies everything into the database file and truncates the log.
    ///
    /// - Returns: SQLite's primary code: `SQLITE_BUSY` when a reader blocks it, `SQLITE_FULL` when the file
    ///   cannot grow.
    @discardableResult
    func truncate(_ db: Database) -> Int32 {
        guard let connection = db.sqliteConnection else { return SQLITE_MISUSE }
        // A checkpoint waits for readers as long as the busy timeout; commits must not wait for it that long.
        sqlite3_busy_timeout(connection, 50)
        defer { sqlite3_busy_timeout(connection, 5_000) }
        let code = sqlite3_wal_checkpoint_v2(connection, "main", SQLITE_CHECKPOINT_TRUNCATE, nil, nil)
        note(code)
        return code & 0xFF
    }
}
