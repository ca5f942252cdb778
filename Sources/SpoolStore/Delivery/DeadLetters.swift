import Foundation
import GRDB
import SpoolCore

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
