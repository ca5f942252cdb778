import GRDB
import SpoolCore

/// Permanently removes sinks and streams that are no longer configured, so that their names can be used
/// again.
///
/// The row stays for its ledger, as `NAME@forgotten-ID` with `replay_id` 0. Like the row of a replay it does
/// not belong to the configuration, and no replay has the id 0.
enum Forgetting {
    /// Forgets the sink or stream of this name.
    ///
    /// - Throws: `.invalid` when there is none, or it is still configured.
    static func run(_ db: Database, _ name: String, at now: Timestamp) throws -> ForgetReport {
        let kind = name.contains("/") ? Renaming.stream : .sink
        // A loop that is stopping may still write the state of its sink, but not of a subscription.
        let left =
            kind == .sink
            ? "NOT EXISTS (SELECT 1 FROM subscription s WHERE s.sink_id = sink.id AND s.state <> 'left')"
            : "is_configured = 0"
        let row = try Row.fetchOne(
            db,
            sql: "SELECT id, \(left) FROM \(kind.rawValue) WHERE name = ? AND replay_id IS NULL",
            arguments: [name]
        )
        guard let row else {
            throw StoreError(.invalid, "The spool has no sink or stream named \(name). See `spool status`.")
        }
        guard row[1] else {
            throw StoreError(
                .invalid,
                "The \(kind.rawValue) \(name) is still configured. Remove it from the configuration and "
                    + "reload, then forget it."
            )
        }
        let id: Int64 = row[0]
        let waiting = try waiting(db, kind, id)
        let replays = try endReplays(db, kind, id, named: name, at: now)
        let dismissed = try dismiss(db, kind, id, at: now)
        try retire(db, kind, id, at: now)
        return ForgetReport(
            name: name,
            isStream: kind == .stream,
            waiting: waiting,
            dismissed: dismissed,
            cancelled: replays
        )
    }

    /// Frees the name of a row and deletes its subscriptions; what its loop still settles does not affect
    /// other rows.
    static func retire(_ db: Database, _ kind: Renaming, _ id: Int64, at now: Timestamp) throws {
        let name = try String.fetchOne(
            db,
            sql: "SELECT name FROM \(kind.rawValue) WHERE id = ?",
            arguments: [id]
        )
        guard let name else { return }
        if kind == .sink { try RetentionNotes.forgotten(db, sink: name, at: now) }
        try db.execute(sql: "DELETE FROM subscription WHERE \(kind.rawValue)_id = ?", arguments: [id])
        try kind.deleteMarks(db, of: name)
        try kind.rename(db, id, from: name, to: "\(name)@forgotten-\(id)")
        try db.execute(sql: "DELETE FROM renaming WHERE what = ? AND id = ?", arguments: [kind.rawValue, id])
        switch kind {
        case .sink:
            try db.execute(
                sql: """
                    UPDATE sink SET replay_id = 0, state = 'disabled', state_since_ms = ?, retry_at_ms = NULL
                    WHERE id = ?
                    """,
                arguments: [now.milliseconds, id]
            )
        case .stream:
            try db.execute(
                sql: "UPDATE stream SET replay_id = 0, is_configured = 0 WHERE id = ?",
                arguments: [id]
            )
        }
    }

    /// Pending events that are discarded: of a sink in all its streams, or of a stream at all its sinks.
    private static func waiting(_ db: Database, _ kind: Renaming, _ id: Int64) throws -> Int {
        try Int.fetchOne(
            db,
            sql: """
                SELECT coalesce(sum(t.inserted - s.passed), 0)
                FROM subscription s JOIN stream t ON t.id = s.stream_id
                WHERE s.\(kind.rawValue)_id = ?
                """,
            arguments: [id]
        ) ?? 0
    }

    /// Cancels replays to the sink: they could never finish.
    private static func endReplays(
        _ db: Database,
        _ kind: Renaming,
        _ id: Int64,
        named name: String,
        at now: Timestamp
    ) throws -> [ReplayID] {
        guard kind == .sink else { return [] }
        let replays = try Int64.fetchAll(
            db,
            sql: "SELECT id FROM replay WHERE state IN ('running', 'paused') AND sink_id = ? ORDER BY id",
            arguments: [id]
        )
        .map { ReplayID($0) }
        for replay in replays {
            try Spool.move(db, replay, to: .cancelled, at: now)
            try db.execute(
                sql: "UPDATE replay SET reason = ? WHERE id = ?",
                arguments: ["Sink \(name) was forgotten.", replay.value]
            )
        }
        return replays
    }

    /// Dismisses dead letters that can no longer be sent: they would keep their events indefinitely.
    private static func dismiss(_ db: Database, _ kind: Renaming, _ id: Int64, at now: Timestamp) throws
        -> Int
    {
        guard kind == .sink else { return 0 }
        try db.execute(
            sql: "UPDATE dead_letter SET dismissed_ms = ? WHERE dismissed_ms IS NULL AND sink_id = ?",
            arguments: [now.milliseconds, id]
        )
        return db.changesCount
    }
}
