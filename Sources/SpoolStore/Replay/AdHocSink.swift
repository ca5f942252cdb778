import GRDB
import SpoolCore

/// The row of an ad-hoc destination in `sink`: its ledger and its state need one; it is removed with its
/// replay.
enum AdHocSink {
    /// Inserts the row; its replay does not exist yet.
    static func make(_ db: Database, at now: Timestamp) throws -> SinkID {
        let id = try FreshID.next(db, in: .sink)
        // The `@` distinguishes it from every name that a configuration can contain.
        try db.execute(
            sql: """
                INSERT INTO sink (id, name, type, state_since_ms, replay_id)
                VALUES (?, 'destination@', 'syslog', ?, 0)
                """,
            arguments: [id, now.milliseconds]
        )
        return SinkID(id)
    }

    static func belong(_ db: Database, _ sink: SinkID, to replay: ReplayID) throws {
        try db.execute(
            sql: "UPDATE sink SET name = ?, replay_id = ? WHERE id = ?",
            arguments: ["destination@replay-\(replay)", replay.value, sink.value]
        )
    }

    /// Disables the destination of a replay that has ended: nothing more is sent there, and its dead letters
    /// no longer keep their events.
    static func disable(_ db: Database, of replay: ReplayID, at now: Timestamp) throws {
        try db.execute(
            sql: """
                UPDATE sink SET state = 'disabled', state_since_ms = ?, retry_at_ms = NULL
                WHERE replay_id = ? AND state <> 'disabled'
                """,
            arguments: [now.milliseconds, replay.value]
        )
        try db.execute(
            sql: """
                UPDATE dead_letter SET dismissed_ms = ?
                WHERE dismissed_ms IS NULL AND sink_id IN (SELECT id FROM sink WHERE replay_id = ?)
                """,
            arguments: [now.milliseconds, replay.value]
        )
    }
}
