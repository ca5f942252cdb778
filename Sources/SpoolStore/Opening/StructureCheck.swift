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

    /// Why the file may be damaged although the quick check finds nothing; nil normally.
    ///
    /// After an unclean end the -wal file is there, and everything that was synced to it is valid. Where that
    /// is not
    /// so, pages that a checkpoint had copied may be newer than others.
    static func suspicion(_ db: Database, files: SpoolFiles) throws -> String? {
        guard try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0 > 0, try endedUncleanly(db) else {
            return nil
        }
        guard SpoolFiles.exists(files.wal) else { return "its -wal file is gone after an unclean end" }
        return WALScan(path: files.wal).isDamaged ? "its -wal file is damaged" : nil
    }

    /// Reads the whole file, and compares the events of each stream with its counter.
    ///
    /// - Throws: `.damaged`, with the damage found.
    static func whole(_ db: Database, path: String) throws {
        let found = try String.fetchOne(db, sql: "PRAGMA integrity_check(1)") ?? "no answer"
        guard found == "ok" else {
            throw StoreError.damaged(path, found.split(separator: "\n").joined(separator: " "))
        }
        let off = try String.fetchOne(
            db,
            sql: """
                SELECT name FROM stream t WHERE kept <> (SELECT count(*) FROM event e WHERE e.stream_id = t.id)
                    OR kept <> (SELECT count(*) FROM event e JOIN record r ON r.seq = e.seq
                        WHERE e.stream_id = t.id) LIMIT 1
                """
        )
        if let off {
            throw StoreError.damaged(path, "stream \(off) has another number of events than it counts")
        }
    }
}
