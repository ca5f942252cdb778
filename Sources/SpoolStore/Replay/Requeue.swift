import GRDB
import SpoolCore

/// A replay of exactly the given events (`replay_event`).
enum Requeue {
    /// Those of these events that are in the spool.
    static func kept(_ db: Database, _ events: [Seq]) throws -> [Seq] {
        try Int64.fetchAll(
            db,
            sql: "SELECT seq FROM event WHERE seq IN (SELECT value FROM json_each(?)) ORDER BY seq",
            arguments: [try JSONColumn.text(events.map(\.value))]
        ).map { Seq($0) }
    }

    static func create(
        _ db: Database,
        _ events: [Seq],
        sink: SinkID,
        named name: SinkName,
        at now: Timestamp
    ) throws -> ReplayID {
        let list = try JSONColumn.text(events.map(\.value))
        let streams = try Row.fetchAll(
            db,
            sql: """
                SELECT stream_id, min(seq), max(seq), min(occurred_ms), max(occurred_ms), count(*)
                FROM event WHERE seq IN (SELECT value FROM json_each(?)) GROUP BY stream_id
                """,
            arguments: [list]
        )
        let found = streams.reduce(0) { $0 + ($1[5] as Int) }
        guard found > 0, found == Set(events).count else {
            throw StoreError(
                .invalid,
                "The spool has \(Grouped.text(found)) of the \(Count.text(events.count, "event")) to send "
                    + "again."
            )
        }
        let from = streams.map { $0[3] as Int64 }.min() ?? 0
        let to = streams.map { $0[4] as Int64 }.max() ?? 0
        try db.execute(
            sql: """
                INSERT INTO replay
                    (sink_id, basis, from_ms, to_ms, mode, state, total, skipped, created_ms, moved_ms)
                VALUES (?, 'occurred', ?, ?, 'events', 'running', ?, 0, ?, ?)
                """,
            arguments: [sink.value, from, to + 1, found, now.milliseconds, now.milliseconds]
        )
        let id = ReplayID(db.lastInsertedRowID)
        for row in streams {
            let (first, last) = (row[1] as Int64, row[2] as Int64)
            try ReplayRows.add(db, id, StreamID(row[0]), last: last, end: last, position: first - 1)
        }
        try db.execute(
            sql: "INSERT OR IGNORE INTO replay_event (replay_id, seq) SELECT ?, value FROM json_each(?)",
            arguments: [id.value, list]
        )
        try db.execute(
            sql: """
                UPDATE dead_letter SET dismissed_ms = NULL
                WHERE sink_id = ? AND seq IN (SELECT value FROM json_each(?))
                """,
            arguments: [sink.value, list]
        )
        return id
    }
}
