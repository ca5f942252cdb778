import GRDB
import SpoolCore

/// Retention's bookkeeping around the events themselves.
enum Departures {
    struct Stream: Sendable {
        let id: StreamID
        /// True while its source may still be read from: retention then needs that source's time.
        let hasSource: Bool
    }

    /// The streams that retention looks at; a replay's own go with their replay.
    static func streams(_ db: Database) throws -> [Stream] {
        try Row.fetchAll(
            db,
            sql: "SELECT id, is_configured AND name <> ? FROM stream WHERE replay_id IS NULL ORDER BY id",
            arguments: [StreamName.notifications.description]
        )
        .map { Stream(id: StreamID($0[0]), hasSource: $0[1]) }
    }

    /// Notes by the source's clock since when subscriptions have been gone: the local one may be wrong by years.
    static func note(_ db: Database, at now: Timestamp) throws {
        try db.execute(
            sql: "UPDATE subscription SET left_ms = ? WHERE state = 'left' AND left_ms IS NULL",
            arguments: [now.milliseconds]
        )
    }

    /// Replays paused for too long to keep their events, each with a notification while it lasts.
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
    static func deleteUnreferenced(_ db: Database, before: Timestamp) throws {
        try db.execute(sql: connectionsSQL)
        try db.execute(
            sql: "DELETE FROM notification WHERE cleared_ms < ?",
            arguments: [before.milliseconds]
        )
        try db.execute(sql: "DELETE FROM gap WHERE healed_ms < ?", arguments: [before.milliseconds])
    }
}
