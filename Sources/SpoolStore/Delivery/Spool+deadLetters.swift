import Foundation
import GRDB
package import SpoolCore

/// An event that a receiver rejects (table `dead_letter`).
package struct DeadLetter: Sendable, Encodable, Equatable {
    package let sink: SinkName
    package let stream: StreamName
    package let seq: Seq
    /// The source's id of the event.
    package let externalID: String
    package let occurred: Timestamp
    /// `rejected`, `too-large`, `unrenderable`.
    package let reason: String
    /// The receiver's message.
    package let detail: String
    package let attempts: Int
    package let at: Timestamp
    /// When an operator dismissed it.
    package let dismissed: Timestamp?

    private enum CodingKeys: String, CodingKey {
        case sink, stream, seq, reason, detail, attempts
        case externalID = "id"
        case occurred = "occurred_ms"
        case at = "at_ms"
        case dismissed = "dismissed_ms"
    }
}

extension Spool {
    /// Dead letters of one sink or of all in `seq` order, after `after`, including dismissed ones.
    package func deadLetters(
        of sink: SinkName? = nil,
        after: Seq = Seq(0),
        limit: Int = 1_000
    ) async throws(StoreError) -> [DeadLetter] {
        // Read as bytes: GRDB ends texts at a NUL.
        @Sendable func text(_ bytes: Data) -> String { String(decoding: bytes, as: UTF8.self) }
        return try await read { db in
            let rows = try Row.fetchAll(
                db,
                sql: """
                    SELECT k.name, t.name, d.seq, CAST(e.external_id AS BLOB), e.occurred_ms, d.reason,
                        CAST(d.detail AS BLOB), d.attempts, d.at_ms, d.dismissed_ms
                    FROM dead_letter d
                    JOIN sink k ON k.id = d.sink_id
                    JOIN stream t ON t.id = d.stream_id
                    JOIN event e ON e.seq = d.seq
                    WHERE (?1 IS NULL OR k.name = ?1) AND d.seq > ?2 ORDER BY d.seq, k.id LIMIT ?3
                    """,
                arguments: [sink?.text, after.value, limit]
            )
            return try rows.map { row in
                DeadLetter(
                    sink: SinkName(row[0]),
                    stream: try Names.stream(row[1]),
                    seq: Seq(row[2]),
                    externalID: text(row[3]),
                    occurred: Timestamp(milliseconds: row[4]),
                    reason: row[5],
                    detail: text(row[6]),
                    attempts: row[7],
                    at: Timestamp(milliseconds: row[8]),
                    dismissed: Timestamp(row[9] as Int64?)
                )
            }
        }
    }

    /// Dismisses dead letters of a sink: they no longer keep their events, and `--missing-only` omits them.
    ///
    /// - Returns: how many were dismissed by this call.
    package func dismiss(
        _ events: [Seq],
        of sink: SinkName,
        at now: Timestamp
    ) async throws(StoreError) -> Int {
        try await write { db in
            try db.execute(
                sql: """
                    UPDATE dead_letter SET dismissed_ms = ? WHERE dismissed_ms IS NULL
                        AND sink_id = (SELECT id FROM sink WHERE name = ?)
                        AND seq IN (SELECT value FROM json_each(?))
                    """,
                arguments: [now.milliseconds, sink.text, try JSONColumn.text(events.map(\.value))]
            )
            return db.changesCount
        }
    }
}

/// The rows of `dead_letter`: events that a receiver rejects, or that cannot be sent to it.
enum DeadLetters {
    /// Adds dead letters for refused events, and removes those of events that are now delivered.
    static func apply(_ db: Database, _ entry: LedgerEntry, sink: SinkID) throws {
        switch entry.outcome {
        case .refused(let refusal): try add(db, entry, refusal, sink: sink)
        case .delivered, .already:
            try db.cachedStatement(
                sql: "DELETE FROM dead_letter WHERE sink_id = ? AND stream_id = ? AND seq BETWEEN ? AND ?"
            ).execute(arguments: [sink.value, entry.stream.value, entry.first.value, entry.last.value])
        case .filtered, .retry: break
        }
    }

    /// Adds one row per event; an event that is refused again keeps its row, with the latest reason.
    private static func add(
        _ db: Database,
        _ entry: LedgerEntry,
        _ refusal: Refusal,
        sink: SinkID
    ) throws {
        try db.cachedStatement(
            sql: """
                INSERT INTO dead_letter (sink_id, stream_id, seq, reason, detail, attempts, at_ms)
                SELECT ?, stream_id, seq, ?, coalesce(CAST(? AS TEXT), ''), ?, ?
                FROM event INDEXED BY event_stream
                WHERE stream_id = ? AND seq BETWEEN ? AND ?
                ON CONFLICT (sink_id, stream_id, seq) DO UPDATE SET reason = excluded.reason,
                    detail = excluded.detail, attempts = attempts + excluded.attempts, at_ms = excluded.at_ms
                """
        ).execute(arguments: [
            // As bytes: bound as a text it would end at a NUL.
            sink.value, refusal.reason, Data(refusal.detail.utf8), entry.attempts, entry.settled.milliseconds,
            entry.stream.value, entry.first.value, entry.last.value,
        ])
    }
}
