import GRDB
import GRDBSQLite
import SpoolCore

/// Sets up SQLite: one connection writes and checkpoints, all others are read-only.
enum Connections {
    /// Page size in bytes, for a new spool.
    ///
    /// Measured with 300,000 events and 2.5 KB raw records: compared with 4 KiB, 8 KiB inserts 28 % faster,
    /// drains 6 % faster and uses 30 % less disk. 16 KiB adds another 8 % and 2 %, but doubles the bytes that
    /// a small change writes.
    static let pageSize = 8_192

    /// Opens the pool; its writer uses WAL mode and syncs at every commit.
    static func pool(_ path: String, options: SpoolOptions) throws -> DatabasePool {
        var configuration = base("spool")
        configuration.maximumReaderCount = options.readers
        configuration.journalMode = .wal
        configuration.prepareDatabase { db in
            if db.configuration.readonly { try prepareReader(db) } else { try prepareWriter(db, options) }
        }
        let pool = try DatabasePool(path: path, configuration: configuration)
        try pool.writeWithoutTransaction { db in
            // GRDB sets NORMAL after `prepareDatabase` (`Database.setUpWALMode`), so this is set last and
            // read back. With NORMAL, a power cut could roll back commits that sinks have already seen.
            try db.execute(sql: "PRAGMA synchronous = FULL")
            guard try Int.fetchOne(db, sql: "PRAGMA synchronous") == 2 else {
                throw StoreError(
                    .io,
                    "SQLite does not sync the spool \(path) at every commit; refusing to run."
                )
            }
        }
        return pool
    }

    /// Opens one read-only connection, without the lock.
    static func reader(_ path: String) throws -> DatabaseQueue {
        var configuration = base("spool.reader")
        configuration.readonly = true
        configuration.prepareDatabase { try prepareReader($0) }
        return try DatabaseQueue(path: path, configuration: configuration)
    }

    /// Opens a database for writing without changing its journal mode, which rolls back a journal that a
    /// crash left.
    static func rollback(_ path: String) throws -> DatabaseQueue {
        let queue = try DatabaseQueue(path: path, configuration: base("spool.rollback"))
        _ = try queue.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM sqlite_schema") }
        return queue
    }

    private static func base(_ label: String) -> GRDB.Configuration {
        var configuration = GRDB.Configuration()
        configuration.label = label
        configuration.busyMode = .timeout(5)
        configuration.foreignKeysEnabled = true
        return configuration
    }

    private static func prepareWriter(_ db: Database, _ options: SpoolOptions) throws {
        // The first two take effect only before the first write. Debian's SQLite overwrites deleted data with
        // zeros, including whole pages, which makes retention a third slower; FAST does so only in pages that
        // are written anyway.
        try db.execute(
            sql: """
                PRAGMA page_size = \(pageSize);
                PRAGMA auto_vacuum = INCREMENTAL;
                PRAGMA trusted_schema = OFF;
                PRAGMA cell_size_check = ON;
                PRAGMA secure_delete = FAST;
                PRAGMA temp_store = MEMORY;
                PRAGMA cache_size = -8192;
                PRAGMA wal_autocheckpoint = 1000;
                PRAGMA journal_size_limit = \(options.walLimit);
                """
        )
        // The -wal and -shm files are kept after the last close, so that members of the group without write
        // access to the folder can always read (sqlite.org/wal.html, "Read-Only Databases").
        var keep: Int32 = 1
        sqlite3_file_control(db.sqliteConnection, "main", SQLITE_FCNTL_PERSIST_WAL, &keep)
    }

    private static func prepareReader(_ db: Database) throws {
        // A second connection that checkpoints could trigger SQLite's WAL-reset race
        // (sqlite.org/wal.html#walresetbug).
        try db.execute(
            sql: """
                PRAGMA wal_autocheckpoint = 0;
                PRAGMA trusted_schema = OFF;
                PRAGMA temp_store = MEMORY;
                """
        )
    }
}
