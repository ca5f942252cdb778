import GRDB
import SpoolCore

/// What is looked at whenever the spool is opened: enough to find a truncated or overwritten
/// file, and quick whatever the spool holds.
///
/// A full `quick_check` reads every page, minutes for 10 GB, and a daemon that is down loses nothing but
/// time; `doctor` runs it.
enum StructureCheck {
    /// Tables that stay small are checked whole.
    private static let small = [
        "stream", "sink", "subscription", "replay", "replay_stream", "run", "crash_mark",
    ]
    /// Of large ones the ends are read, down to the leaves.
    private static let large = ["event", "record", "ledger", "fetch_window", "connection"]

    /// True when the last process that wrote did not close.
    static func endedUncleanly(_ db: Database) throws -> Bool {
        try Bool.fetchOne(db, sql: "SELECT ended_ms IS NULL FROM run ORDER BY id DESC LIMIT 1") ?? false
    }

    /// - Throws: `.damaged` naming what is wrong.
    static func run(_ db: Database, files: SpoolFiles) throws {
        // An empty file, and one of an older version, have other tables; they are made next.
        guard try Int.fetchOne(db, sql: "PRAGMA user_version") == Migrations.all.count else { return }
        let pages = try Int64.fetchOne(db, sql: "PRAGMA page_count") ?? 0
        let size = try Int64.fetchOne(db, sql: "PRAGMA page_size") ?? 0
        let present = SpoolFiles.size(of: files.path) + SpoolFiles.size(of: files.wal)
        guard pages * size <= present else {
            throw StoreError.damaged(
                files.path,
                "it should have \(pages * size) bytes but has \(present): the file is truncated"
            )
        }
        for table in small {
            let found = try String.fetchOne(db, sql: "PRAGMA quick_check('\(table)')")
            guard found == "ok" else {
                let words = (found ?? "no answer").split(separator: "\n").joined(separator: " ")
                throw StoreError.damaged(files.path, "table \(table): \(words)")
            }
        }
        for table in large {
            for order in ["ASC", "DESC"] {
                _ = try Row.fetchOne(db, sql: "SELECT * FROM \(table) ORDER BY rowid \(order) LIMIT 1")
            }
        }
    }
}
