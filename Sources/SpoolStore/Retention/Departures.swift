import GRDB
import SpoolCore

/// Retention's bookkeeping around the events themselves.
enum Departures {
    struct Stream: Sendable {
        let id: StreamID
        /// The source in its name.
        let source: String
        /// True for the spool's own, whose events have the local clock's times.
        let isOwn: Bool
        /// True while its source may still be read from: retention then needs that source's time.
        let hasSource: Bool
    }

    /// The streams that retention looks at, forgotten ones included; a replay's own go with their replay.
    static func streams(_ db: Database) throws -> [Stream] {
        try Row.fetchAll(
            db,
            sql: """
                SELECT id, source, name = ?, is_configured FROM stream
                WHERE replay_id IS NULL OR replay_id = 0 ORDER BY id
                """,
            arguments: [StreamName.notifications.description]
        )
        .map { row in
            let isOwn: Bool = row[2]
            return Stream(id: StreamID(row[0]), source: row[1], isOwn: isOwn, hasSource: row[3] && !isOwn)
        }
    }

    /// Notes by their source's clock since when subscriptions have been gone: the local one may be wrong by years.
    static func note(_ db: Database, at times: PruneTimes) throws {
        for stream in times.streams {
            guard let time = times.time(of: stream) else { continue }
            try db.cachedStatement(
                sql:
                    "UPDATE subscription SET left_ms = ? WHERE stream_id = ? AND state = 'left' AND left_ms IS NULL"
            ).execute(arguments: [time.date.milliseconds, stream.id.value])
        }
    }

    /// Replays paused for too long to keep their events, each with a notification while it lasts.
    ///
    /// `now` is the local clock's, as is the time of the pause.
    static func replaysWithoutRight(_ db: Database, at now: Timestamp) throws -> [ReplayID] {
        let ids = try Int64.fetchAll(
            db,
            sql: "SELECT id FROM replay WHERE state = 'paused' AND moved_ms < ?",
            arguments: [(now - Retention.patience).milliseconds]
        )
        try RetentionNotes.paused(db, ids, at: now)
        return ids.map { ReplayID($0) }
    }

    static let connectionsSQL = """
        DELETE FROM connection WHERE closed_ms IS NOT NULL AND id < (SELECT min(connection_id) FROM ledger)
        """

    /// Connections that no ledger row names any more, notifications long cleared, and gaps long healed.
    static func deleteUnreferenced(_ db: Database, _ times: PruneTimes) throws {
        try db.execute(sql: connectionsSQL)
        try db.execute(
            sql: "DELETE FROM notification WHERE cleared_ms < ?",
            arguments: [(times.wall - times.age).milliseconds]
        )
        for stream in times.streams {
            guard let time = times.time(of: stream) else { continue }
            try db.execute(
                sql: "DELETE FROM gap WHERE stream_id = ? AND healed_ms < ?",
                arguments: [stream.id.value, (time.date - times.age).milliseconds]
            )
        }
    }
}
