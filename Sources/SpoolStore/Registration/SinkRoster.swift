import GRDB
import SpoolCore

/// The sinks of a configuration, by name.
enum SinkRoster {
    static func register(_ db: Database, _ sink: Roster.Sink, at now: Timestamp) throws -> SinkID {
        if let id = try id(db, sink.name) ?? rename(db, sink) {
            // One that returns, or had no `start`, begins anew; any other keeps its state until its first attempt, so
            // that a restart makes nobody look well for a moment.
            try db.execute(
                sql: "UPDATE sink SET type = ? WHERE id = ?",
                arguments: [sink.type, id.value]
            )
            try db.execute(
                sql: """
                    UPDATE sink SET state = 'created', state_since_ms = ?, trouble_since_ms = NULL, cuts = 0,
                        last_error = NULL
                    WHERE id = ? AND (state = 'disabled' OR state = 'held' AND trouble_since_ms IS NULL)
                    """,
                arguments: [now.milliseconds, id.value]
            )
            return id
        }
        try db.execute(
            sql: "INSERT INTO sink (name, type, state_since_ms) VALUES (?, ?, ?)",
            arguments: [sink.name.text, sink.type, now.milliseconds]
        )
        return SinkID(db.lastInsertedRowID)
    }

    static func hold(_ db: Database, _ id: SinkID, reason: String, at now: Timestamp) throws {
        try db.execute(
            sql: "UPDATE sink SET state = 'held', state_since_ms = ?, last_error = ? WHERE id = ?",
            arguments: [now.milliseconds, reason, id.value]
        )
    }

    /// How long a sink may be down before its state has another word.
    static func setThresholds(_ db: Database, _ roster: Roster) throws {
        try db.execute(
            sql: "UPDATE sink SET connection_error_after_ms = ?, disconnected_after_ms = ?",
            arguments: [roster.connectionErrorAfter.milliseconds, roster.disconnectedAfter.milliseconds]
        )
    }

    /// Sinks that are not configured any more.
    static func disable(_ db: Database, allBut configured: [SinkID], at now: Timestamp) throws {
        let kept = try JSONColumn.text(configured.map(\.value))
        try db.execute(
            sql: """
                UPDATE sink SET state = 'disabled', state_since_ms = ?, retry_at_ms = NULL
                WHERE state <> 'disabled' AND replay_id IS NULL AND id NOT IN (SELECT value FROM json_each(?))
                """,
            arguments: [now.milliseconds, kept]
        )
        try db.execute(
            sql: """
                UPDATE subscription SET state = 'left'
                WHERE state <> 'left' AND sink_id NOT IN (SELECT value FROM json_each(?))
                """,
            arguments: [kept]
        )
    }

    static func id(_ db: Database, _ name: SinkName) throws -> SinkID? {
        try Int64.fetchOne(
            db,
            sql: "SELECT id FROM sink WHERE name = ? AND replay_id IS NULL",
            arguments: [name.text]
        )
        .map { SinkID($0) }
    }

    private static func rename(_ db: Database, _ sink: Roster.Sink) throws -> SinkID? {
        guard let old = sink.renamedFrom, let id = try id(db, old) else { return nil }
        try db.execute(sql: "UPDATE sink SET name = ? WHERE id = ?", arguments: [sink.name.text, id.value])
        return id
    }
}
