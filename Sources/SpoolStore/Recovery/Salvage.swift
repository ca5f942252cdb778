import GRDB
import SpoolCore

/// Fills a new spool from a damaged one, from the copy of its state, or from both.
///
/// What cannot be proved afterwards is read again from the source or delivered again: duplicates are
/// possible, gaps
/// are not.
struct Salvage {
    /// What a salvage found.
    struct Outcome: Sendable {
        var kept = 0
        /// Events that the damaged spool had and the new one has not; nil when nothing tells.
        var lost: Int?
        var windows: [Window] = []
        /// Sinks that may receive events again.
        var sinks: [String] = []
        /// Replays that were cancelled, as their events are lost.
        var cancelled: [Int64] = []
        /// True when neither the spool nor the copy has the positions of the streams.
        var hasNoPositions = false
    }

    /// A window of a stream that is read again.
    struct Window: Sendable {
        let stream: String
        let from: Int64
        let pollsFrom: Int64
        let to: Int64
    }

    /// Tables whose rows have rowids, in the order in which they refer to each other.
    private static let rowTables = [
        "run", "stream", "sink", "subscription", "fetch_window", "gap", "event", "record", "connection",
        "ledger",
        "replay", "notification", "proof", "pruned", "recovery",
    ]
    private static let keyTables = [
        "renaming", "last_id", "dead_letter", "replay_stream", "replay_event", "proof_missing", "crash_mark",
        "stream_sample", "sink_sample", "recovery_window",
    ]

    let db: Database
    let state: StateCopy?
    /// True when a damaged spool is attached as `old`.
    let hasOld: Bool
    let now: Timestamp

    func run() throws -> Outcome {
        var holes: [String: [ClosedRange<Int64>]] = [:]
        let triggers = try dropTriggers()
        if hasOld {
            let copy = TableCopy(db)
            for table in Self.rowTables { holes[table] = try copy.copyRows(of: table) }
            for table in Self.keyTables { try copy.copyKeys(of: table) }
        }
        var outcome = Outcome()
        try fillFromState()
        try dropOrphans()
        try setSequences()
        outcome.hasNoPositions = try Int.fetchOne(db, sql: "SELECT count(*) FROM stream") == 0
        if !(holes["ledger"] ?? []).isEmpty { try moveBackToLedger() }
        try readAgain(holes, &outcome)
        try recount()
        if !hasOld { outcome.cancelled = try cancelReplays() }
        try finish(&outcome)
        for trigger in triggers { try db.execute(sql: trigger) }
        return outcome
    }

    // MARK: Tables

    /// The triggers refuse ids that are not the greatest; rows that are put back have such ids.
    private func dropTriggers() throws -> [String] {
        let rows = try Row.fetchAll(
            db,
            sql: "SELECT name, sql FROM main.sqlite_schema WHERE type = 'trigger'"
        )
        for row in rows { try db.execute(sql: "DROP TRIGGER main.\(row[0] as String)") }
        return rows.map { $0[1] }
    }

    /// Puts rows of the copy in the place of those that could not be read.
    private func fillFromState() throws {
        guard let state else { return }
        for table in StateCopy.tables {
            let columns = Set(
                try String.fetchAll(
                    db,
                    sql: "SELECT name FROM pragma_table_info(?, 'main')",
                    arguments: [table]
                )
            )
            for row in state.rows[table] ?? [] {
                let names = row.keys.filter { columns.contains($0) }.sorted()
                guard !names.isEmpty else { continue }
                // A row that was read from the spool is newer than the copy, and stays.
                try db.execute(
                    sql: "INSERT OR IGNORE INTO main.\(table) (\(names.joined(separator: ", "))) "
                        + "VALUES (\(names.map { _ in "?" }.joined(separator: ", ")))",
                    arguments: StatementArguments(names.map { row[$0]?.databaseValue ?? .null })
                )
            }
        }
    }

    /// Deletes rows that refer to rows which could not be read.
    private func dropOrphans() throws {
        try db.execute(
            sql: """
                DELETE FROM main.event WHERE NOT EXISTS (SELECT 1 FROM main.record r WHERE r.seq = event.seq)
                    OR NOT EXISTS (SELECT 1 FROM main.stream t WHERE t.id = event.stream_id);
                DELETE FROM main.record WHERE NOT EXISTS (SELECT 1 FROM main.event e WHERE e.seq = record.seq);
                DELETE FROM main.dead_letter
                    WHERE NOT EXISTS (SELECT 1 FROM main.event e WHERE e.seq = dead_letter.seq);
                DELETE FROM main.replay_event
                    WHERE NOT EXISTS (SELECT 1 FROM main.event e WHERE e.seq = replay_event.seq);
                """
        )
        // The rest is small: rows of streams, sinks and replays that are gone.
        for _ in 0..<3 {
            let rows = try Row.fetchAll(db, sql: "PRAGMA main.foreign_key_check")
            if rows.isEmpty { return }
            for row in rows {
                let table: String = row[0]
                if let rowid: Int64 = row[1] {
                    try db.execute(sql: "DELETE FROM main.\(table) WHERE rowid = ?", arguments: [rowid])
                } else {
                    // A table without rowids names no row; it holds nothing that cannot be made again.
                    try db.execute(sql: "DELETE FROM main.\(table)")
                }
            }
        }
    }

    /// Ids that were given out before are never given out again.
    private func setSequences() throws {
        var greatest = state?.sequences ?? [:]
        if hasOld {
            // Unreadable where the table is damaged; the copy and the rows themselves then tell.
            let rows = (try? Row.fetchAll(db, sql: "SELECT name, seq FROM old.sqlite_sequence")) ?? []
            for row in rows { greatest[row[0]] = max(greatest[row[0]] ?? 0, row[1]) }
        }
        for (table, seq) in greatest {
            try db.execute(
                sql: "UPDATE main.sqlite_sequence SET seq = max(seq, ?2) WHERE name = ?1",
                arguments: [table, seq]
            )
            guard db.changesCount == 0 else { continue }
            try db.execute(
                sql: "INSERT INTO main.sqlite_sequence (name, seq) VALUES (?, ?)",
                arguments: [table, seq]
            )
        }
        let ids = Dictionary(
            (state?.rows["last_id"] ?? []).compactMap { row in
                row["name"]?.text.flatMap { name in row["id"]?.integer.map { (name, $0) } }
            },
            uniquingKeysWith: max
        )
        for table in ["connection", "sink", "stream", "fetch_window"] {
            let greatest = try Int64.fetchOne(db, sql: "SELECT max(id) FROM main.\(table)") ?? 0
            // Ledger rows and events may name ids of rows that are gone.
            let named =
                switch table {
                case "connection":
                    try Int64.fetchOne(db, sql: "SELECT max(connection_id) FROM main.ledger") ?? 0
                case "fetch_window": try Int64.fetchOne(db, sql: "SELECT max(window_id) FROM main.event") ?? 0
                default: Int64(0)
                }
            try db.execute(
                sql: """
                    INSERT INTO main.last_id (name, id) VALUES (?1, ?2)
                    ON CONFLICT (name) DO UPDATE SET id = max(id, ?2)
                    """,
                arguments: [table, max(greatest, named, ids[table] ?? 0)]
            )
        }
    }

    // MARK: Deliveries

    /// Moves watermarks back to where the ledger's rows, as far as they could be read, prove every delivery.
    private func moveBackToLedger() throws {
        let subscriptions = try Row.fetchAll(
            db,
            sql: "SELECT id, sink_id, stream_id, coalesce(start_seq, 0), watermark_seq FROM main.subscription"
        )
        for row in subscriptions {
            let (sink, stream, watermark): (Int64, Int64, Int64) = (row[1], row[2], row[4])
            var proved: Int64 = row[3]
            let rows = try Row.fetchCursor(
                db,
                sql: """
                    SELECT first_seq, last_seq FROM main.ledger
                    WHERE sink_id = ? AND stream_id = ? AND replay_id IS NULL AND last_seq > ?
                    ORDER BY first_seq
                    """,
                arguments: [sink, stream, proved]
            )
            while let range = try rows.next() {
                let first: Int64 = range[0]
                if first > proved + 1, try hasEvent(of: stream, after: proved, before: first) { break }
                proved = max(proved, range[1])
            }
            if try !hasEvent(of: stream, after: proved, before: watermark + 1) { proved = watermark }
            try db.execute(
                sql: "UPDATE main.subscription SET watermark_seq = min(watermark_seq, ?) WHERE id = ?",
                arguments: [proved, row[0] as Int64]
            )
        }
    }

    private func hasEvent(of stream: Int64, after first: Int64, before last: Int64) throws -> Bool {
        try Bool.fetchOne(
            db,
            sql: "SELECT EXISTS (SELECT 1 FROM main.event WHERE stream_id = ? AND seq > ? AND seq < ?)",
            arguments: [stream, first, last]
        ) ?? false
    }

    /// Counts what is in the spool, and what waits for each sink.
    private func recount() throws {
        try db.execute(
            sql: """
                UPDATE main.stream SET
                    kept = (SELECT count(*) FROM main.event e WHERE e.stream_id = stream.id),
                    inserted = max(inserted, (SELECT count(*) FROM main.event e WHERE e.stream_id = stream.id));
                UPDATE main.subscription SET
                    passed = (SELECT t.inserted FROM main.stream t WHERE t.id = subscription.stream_id)
                        - (SELECT count(*) FROM main.event e
                            WHERE e.stream_id = subscription.stream_id AND e.seq > subscription.watermark_seq);
                """
        )
    }

    /// Cancels replays whose events are gone.
    private func cancelReplays() throws -> [Int64] {
        let ids = try Int64.fetchAll(
            db,
            sql: "SELECT id FROM main.replay WHERE state IN ('running', 'paused')"
        )
        try db.execute(
            sql: """
                UPDATE main.replay SET state = 'cancelled', moved_ms = ?1, finished_ms = ?1,
                    reason = 'The spool was lost. Start it again with `--refetch`.'
                WHERE state IN ('running', 'paused')
                """,
            arguments: [now.milliseconds]
        )
        return ids
    }

    private func finish(_ outcome: inout Outcome) throws {
        outcome.sinks = try String.fetchAll(
            db,
            sql: """
                SELECT DISTINCT k.name FROM main.subscription s JOIN main.sink k ON k.id = s.sink_id
                JOIN main.stream t ON t.id = s.stream_id
                WHERE s.state = 'active' AND t.name IN (SELECT value FROM json_each(?)) ORDER BY k.name
                """,
            arguments: [try JSONColumn.text(outcome.windows.map(\.stream))]
        )
    }
}
