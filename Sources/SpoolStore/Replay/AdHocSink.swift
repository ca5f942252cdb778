import GRDB
import SpoolCore

/// The row of an ad-hoc destination among the sinks: its ledger and its state need one, and it goes with its replay.
enum AdHocSink {
    /// Makes the row; its replay does not exist yet.
    static func make(_ db: Database, at now: Timestamp) throws -> SinkID {
        // The `@` keeps it apart from every name that a configuration can have.
        try db.execute(
            sql:
                "INSERT INTO sink (name, type, state_since_ms, replay_id) VALUES ('destination@', 'syslog', ?, 0)",
            arguments: [now.milliseconds]
        )
        return SinkID(db.lastInsertedRowID)
    }

    static func belong(_ db: Database, _ sink: SinkID, to replay: ReplayID) throws {
        try db.execute(
            sql: "UPDATE sink SET name = ?, replay_id = ? WHERE id = ?",
            arguments: ["destination@replay-\(replay)", replay.value, sink.value]
        )
    }

    /// Its replay has ended: nothing goes there any more.
    static func disable(_ db: Database, of replay: ReplayID, at now: Timestamp) throws {
        try db.execute(
            sql: """
                UPDATE sink SET state = 'disabled', state_since_ms = ?, retry_at_ms = NULL
                WHERE replay_id = ? AND state <> 'disabled'
                """,
            arguments: [now.milliseconds, replay.value]
        )
    }
}
