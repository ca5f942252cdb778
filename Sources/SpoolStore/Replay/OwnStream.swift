import GRDB
import SpoolCore

/// A replay's own streams, `NAME@replay-ID`: events that its refetch found and that retention had deleted
/// from the original streams.
enum OwnStream {
    /// Rows deleted in one transaction.
    static let slice = 500
    /// How long the loop of a cancelled replay may still settle: longer than a stopping loop waits.
    static let settling = Duration.minutes(1)

    /// True for a stream `t` with events that are still to be sent.
    ///
    /// These are dead letters of a configured sink that were not dismissed, or events of another, unfinished
    /// replay.
    private static let isNeededSQL = """
        (EXISTS (
            SELECT 1 FROM sink k CROSS JOIN dead_letter d ON d.sink_id = k.id AND d.stream_id = t.id
            WHERE k.replay_id IS NULL AND d.dismissed_ms IS NULL
        ) OR EXISTS (
            SELECT 1 FROM replay_stream s CROSS JOIN replay o ON o.id = s.replay_id
            WHERE s.stream_id = t.id AND o.id <> t.replay_id AND o.state IN ('running', 'paused')
        ))
        """

    /// Stores the records of a page that are older than `pruned_to_ms` and no longer in the page's stream.
    ///
    /// - Returns: how many of them were new in the replay's own stream.
    static func insert(_ db: Database, _ commit: PageCommit, window: WindowID, of replay: ReplayID) throws
        -> Int
    {
        let row = try Row.fetchOne(
            db.cachedStatement(sql: "SELECT pruned_to_ms, name, source, kind FROM stream WHERE id = ?"),
            arguments: [commit.stream.value]
        )
        guard let row, let prunedTo = row[0] as Int64? else { return 0 }
        let known = try db.cachedStatement(
            sql: "SELECT EXISTS (SELECT 1 FROM event WHERE stream_id = ? AND external_id = ?)"
        )
        let gone = try commit.page.records.filter { record in
            guard record.event.created.milliseconds < prunedTo else { return false }
            return try Bool.fetchOne(known, arguments: [commit.stream.value, record.event.externalID]) != true
        }
        if gone.isEmpty { return 0 }
        var own = commit
        own.page = Page(body: commit.page.body, records: gone, date: commit.page.date, next: commit.page.next)
        own.stream = try make(db, "\(row[1] as String)@replay-\(replay)", row, replay)
        let counts = try EventInsert.insert(db, own, window: window)
        try db.cachedStatement(
            sql: """
                UPDATE stream SET inserted = inserted + ?1, kept = kept + ?1, unreadable = unreadable + ?2
                WHERE id = ?3
                """
        ).execute(arguments: [counts.inserted, counts.unreadable, own.stream.value])
        return counts.inserted
    }

    private static func make(_ db: Database, _ name: String, _ like: Row, _ replay: ReplayID) throws
        -> StreamID
    {
        let known = try Int64.fetchOne(
            db.cachedStatement(sql: "SELECT id FROM stream WHERE name = ? AND replay_id = ?"),
            arguments: [name, replay.value]
        )
        if let known { return StreamID(known) }
        let id = try FreshID.next(db, in: .stream)
        try db.execute(
            sql:
                "INSERT INTO stream (id, name, source, kind, replay_id, is_configured) "
                + "VALUES (?, ?, ?, ?, ?, 0)",
            arguments: [id, name, like[2] as String, like[3] as Int, replay.value]
        )
        return StreamID(id)
    }

    /// A replay's own streams, each with its last event as the watermark.
    static func all(_ db: Database, of replay: ReplayID) throws -> [ReplayTarget.Subscription] {
        try Row.fetchAll(
            db,
            sql: """
                SELECT id, coalesce((SELECT max(e.seq) FROM event e WHERE e.stream_id = stream.id), 0)
                FROM stream WHERE replay_id = ? ORDER BY id
                """,
            arguments: [replay.value]
        ).map { ReplayTarget.Subscription(stream: StreamID($0[0]), watermark: $0[1]) }
    }

    /// Replays that ended before a time, were not cancelled within `settling`, and still have streams of
    /// their own that may be deleted.
    static func ended(_ db: Database, before: Timestamp, now: Timestamp) throws -> [ReplayID] {
        try Int64.fetchAll(
            db,
            sql: """
                SELECT r.id FROM replay r
                WHERE (r.state = 'disabled' AND r.finished_ms < ?1
                        OR r.state = 'cancelled' AND r.finished_ms < min(?1, ?2))
                    AND EXISTS (SELECT 1 FROM stream t WHERE t.replay_id = r.id AND NOT \(isNeededSQL))
                """,
            arguments: [before.milliseconds, (now - settling).milliseconds]
        ).map { ReplayID($0) }
    }

    /// True while one of a replay's own streams has events that are still to be sent.
    static func isNeeded(_ db: Database, of replay: ReplayID) throws -> Bool {
        try Int64.fetchOne(
            db,
            sql: "SELECT 1 FROM stream t WHERE t.replay_id = ? AND \(isNeededSQL) LIMIT 1",
            arguments: [replay.value]
        ) != nil
    }

    /// By sink, because the index on the ledger begins with the sink.
    static let ledgerSQL = "DELETE FROM ledger WHERE sink_id IN (SELECT id FROM sink) AND stream_id = ?"

    /// Deletes a part of a replay's own streams in one transaction, except those that are still needed.
    ///
    /// - Returns: how many events were deleted; nil when there is nothing left to delete.
    static func delete(_ db: Database, of replay: ReplayID) throws -> Int? {
        let stream = try Int64.fetchOne(
            db,
            sql: "SELECT t.id FROM stream t WHERE t.replay_id = ? AND NOT \(isNeededSQL) LIMIT 1",
            arguments: [replay.value]
        )
        guard let stream else { return nil }
        try db.execute(
            sql:
                "DELETE FROM event WHERE seq IN "
                + "(SELECT seq FROM event WHERE stream_id = ? ORDER BY seq LIMIT \(slice))",
            arguments: [stream]
        )
        let gone = db.changesCount
        try db.execute(sql: "UPDATE stream SET kept = kept - ? WHERE id = ?", arguments: [gone, stream])
        if gone == slice { return gone }
        try db.execute(sql: ledgerSQL, arguments: [stream])
        for table in ["replay_stream", "subscription", "fetch_window"] {
            try db.execute(sql: "DELETE FROM \(table) WHERE stream_id = ?", arguments: [stream])
        }
        try db.execute(sql: "DELETE FROM stream WHERE id = ?", arguments: [stream])
        return gone
    }
}
