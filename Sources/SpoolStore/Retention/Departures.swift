import GRDB
import SpoolCore

/// Retention's bookkeeping apart from the events themselves.
enum Departures {
    struct Stream: Sendable {
        let id: StreamID
        /// The source in its name.
        let source: String
        /// True for the spool's own notifications, whose times are from the local clock.
        let isOwn: Bool
        /// True while it is fetched from a source: retention then needs that source's time.
        let hasSource: Bool
    }

    /// The streams that retention processes, including forgotten ones; a replay's own streams are deleted
    /// with their replay.
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

    /// Records since when subscriptions have been unconfigured, by their source's clock, because the local
    /// clock may be wrong by years.
    static func note(_ db: Database, at times: PruneTimes) throws {
        for stream in times.streams {
            guard let time = times.time(of: stream) else { continue }
            try db.cachedStatement(
                sql:
                    "UPDATE subscription SET left_ms = ? WHERE stream_id = ? "
                    + "AND state = 'left' AND left_ms IS NULL"
            ).execute(arguments: [time.date.milliseconds, stream.id.value])
        }
    }

    /// Replays that have been paused for so long that they no longer keep their events, each with an active
    /// notification.
    ///
    /// `now` and the time of the pause are of the local clock.
    static func replaysWithoutRight(_ db: Database, at now: Timestamp) throws -> [ReplayID] {
        let ids = try Int64.fetchAll(
            db,
            sql: "SELECT id FROM replay WHERE state = 'paused' AND moved_ms < ?",
            arguments: [(now - Retention.gracePeriod).milliseconds]
        )
        try RetentionNotes.paused(db, ids, at: now)
        return ids.map { ReplayID($0) }
    }

    static let connectionsSQL = """
        DELETE FROM connection WHERE closed_ms IS NOT NULL AND id < (SELECT min(connection_id) FROM ledger)
        """

    /// Deletes connections that no ledger row refers to, old cleared notifications, and old healed gaps.
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
