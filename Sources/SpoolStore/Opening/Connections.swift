import GRDB
import GRDBSQLite
import SpoolCore

/// How SQLite is set up: one connection that writes and checkpoints, all others read-only.
enum Connections {
    /// Page size in bytes, for a new spool.
    ///
    /// Measured with 300,000 events and 2.5 KB raw records: 8 KiB against 4 KiB inserts 28 % faster, drains
    /// 6 % faster and takes 30 % less disk; 16 KiB adds 8 % and 2 % and doubles what a small change writes.
    static let pageSize = 8_192

    /// Opens the pool; its writer is in WAL mode and syncs at every commit.
    static func pool(_ path: String, options: SpoolOptions) throws -> DatabasePool {
        var configuration = base("spool")
        configuration.maximumReaderCount = options.readers
        configuration.journalMode = .wal
        configuration.prepareDatabase { db in
            if db.configuration.readonly { try prepareReader(db) } else { try prepareWriter(db, options) }
        }
        let pool = try DatabasePool(path: path, configuration: configuration)
        try pool.writeWithoutTransaction { db in
            // GRDB sets NORMAL after `prepareDatabase` (`Database.setUpWALMode`), so this comes last and is
            // read back: with NORMAL a power cut takes back commits that sinks have seen.
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

    /// Opens one connection that can only read, and takes no lock.
    static func reader(_ path: String) throws -> DatabaseQueue {
        var configuration = base("spool.reader")
        configuration.readonly = true
        configuration.prepareDatabase { try prepareReader($0) }
        return try DatabaseQueue(path: path, configuration: configuration)
    }

    private static func base(_ label: String) -> GRDB.Configuration {
        var configuration = GRDB.Configuration()
        configuration.label = label
        configuration.busyMode = .timeout(5)
        configuration.foreignKeysEnabled = true
        return configuration
    }

    private static func prepareWriter(_ db: Database, _ options: SpoolOptions) throws {
        // The first two take effect before the first write only. Debian's SQLite zeroes what is deleted, whole
        // pages included, which makes retention a third slower; FAST zeroes where the page is written anyway.
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
        // The -wal and -shm files outlive the last close, so that members of the group who may not write the
        // folder can always read (sqlite.org/wal.html, "Read-Only Databases").
        var keep: Int32 = 1
        sqlite3_file_control(db.sqliteConnection, "main", SQLITE_FCNTL_PERSIST_WAL, &keep)
    }

    private static func prepareReader(_ db: Database) throws {
        // A second connection that checkpoints would open the way to SQLite's WAL-reset race
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
