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
    }

    private let path: String
    private let limit: Int64
    private let state: Mutex<State>

    init(path: String, limit: Int64) {
        self.path = path
        self.limit = limit
        state = Mutex(State(tryAgainAt: limit))
    }

    /// To be called on the writing connection after each commit.
    func committed(_ db: Database) {
        let bytes = SpoolFiles.size(of: path)
        guard bytes > limit else {
            state.withLock { $0 = State(tryAgainAt: limit) }
            return
        }
        guard bytes >= state.withLock({ $0.tryAgainAt }) else { return }
        retry(db)
    }

    /// Tries to empty a log that is longer than its limit.
    func retry(_ db: Database) {
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
            return WALReport(bytes: bytes, heldSince: state.heldSince)
        }
    }

    /// Moves everything into the database file and empties the log.
    ///
    /// - Returns: SQLite's primary code: `SQLITE_BUSY` when a reader is in the way, `SQLITE_FULL` when the file
    ///   cannot grow.
    @discardableResult
    func truncate(_ db: Database) -> Int32 {
        guard let connection = db.sqliteConnection else { return SQLITE_MISUSE }
        // A checkpoint waits for readers as long as the busy time-out; commits must not wait behind it.
        sqlite3_busy_timeout(connection, 50)
        defer { sqlite3_busy_timeout(connection, 5_000) }
        return sqlite3_wal_checkpoint_v2(connection, "main", SQLITE_CHECKPOINT_TRUNCATE, nil, nil) & 0xFF
    }
}
