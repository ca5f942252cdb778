import GRDB
import SpoolCore

/// The rows of `ledger`: each covers every event of one stream in its range.
enum Ledger {
    static func insert(_ db: Database, _ entry: LedgerEntry, sink: SinkID) throws {
        if entry.outcome == .retry {
            throw StoreError(
                .invalid,
                "An event that will be sent again has no final outcome and cannot be entered in the ledger."
            )
        }
        try db.cachedStatement(
            sql: """
                INSERT INTO ledger (sink_id, stream_id, replay_id, connection_id, first_seq, last_seq,
                    outcome, evidence, events, bytes, attempts, sent_ms, settled_ms, cut, position)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """
        ).execute(arguments: [
            sink.value, entry.stream.value, entry.replay?.value, entry.connection?.value, entry.first.value,
            entry.last.value, entry.outcome.name, entry.outcome.evidence?.rawValue, entry.events, entry.bytes,
            entry.attempts, entry.sent.milliseconds, entry.settled.milliseconds,
            entry.cut.isEmpty ? nil : try JSONColumn.text(entry.cut.map(\.value)),
            entry.position,
        ])
    }
}
