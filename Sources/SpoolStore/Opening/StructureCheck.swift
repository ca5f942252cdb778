import GRDB
import SpoolCore

/// The check at every opening of the spool: it detects a truncated or overwritten file, and is quick
/// regardless of the spool's size.
///
/// A full `quick_check` reads every page, which takes minutes for 10 GB and would delay the start of the
/// daemon; `doctor` runs it.
enum StructureCheck {
    /// Small tables are checked completely.
    private static let small = [
        "stream", "sink", "subscription", "replay", "replay_stream", "run", "crash_mark",
    ]
    /// Of large tables only the first and the last row are read, down to the leaf pages.
    private static let large = ["event", "record", "ledger", "fetch_window", "connection"]

    /// True when the last process that opened the spool for writing did not close it.
    static func endedUncleanly(_ db: Database) throws -> Bool {
        try Bool.fetchOne(db, sql: "SELECT ended_ms IS NULL FROM run ORDER BY id DESC LIMIT 1") ?? false
    }

    /// - Throws: `.damaged`, with the damage found.
    static func run(_ db: Database, files: SpoolFiles) throws {
        // An empty file and one of an older version have different tables; migrations follow.
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
