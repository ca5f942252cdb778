import GRDB
package import SpoolCore

/// A time in which a stream was not read as scheduled.
package struct CoverageGap: Sendable, Codable, Equatable {
    package let stream: StreamName
    /// The stream had been read up to here, by the source's clock; for an open gap, it has been read up to
    /// here by now.
    package let from: Timestamp
    /// When the source responded again, by its clock; nil while it does not.
    package let to: Timestamp?
    /// Local time; nil while it has not been recorded.
    package let noticed: Timestamp?
    /// Local time at which all of it had been read.
    package let healed: Timestamp?

    fileprivate init(_ row: Row) throws {
        stream = try Names.stream(row[0])
        from = Timestamp(milliseconds: row[1])
        to = Timestamp(row[2] as Int64?)
        noticed = Timestamp(row[3] as Int64?)
        healed = Timestamp(row[4] as Int64?)
    }
}

/// Events that a sink can no longer receive: retention deleted them while it was not configured.
package struct LostEvents: Sendable, Codable, Equatable {
    package let stream: StreamName
    package let sink: SinkName
    /// The oldest and the newest of them, on the stream's basis.
    package let from: Timestamp
    package let to: Timestamp
    package let events: Int
}

extension Spool {
    /// Records gaps of streams that have not been read for too long; call it every few seconds.
    package func noteGaps(at now: Timestamp) async throws(StoreError) {
        let aged = seen(now)
        guard try await read({ try GapRow.unread($0, at: aged) }) > 0 else { return }
        try await write { try GapRow.note($0, unreadAt: aged, at: now) }
    }

    /// Gaps of configured streams that are open at `now`, recorded or not, and those that have healed since
    /// `time`, sorted by their beginning.
    package func coverage(healedSince time: Timestamp, at now: Timestamp) async throws(StoreError)
        -> [CoverageGap]
    {
        let now = seen(now)
        return try await read { db in
            let healed = try Row.fetchAll(db, sql: GapRow.healed, arguments: [time.milliseconds])
            let open = try Row.fetchAll(db, sql: GapRow.endings, arguments: [now.milliseconds])
            return try (healed + open).map(CoverageGap.init).sorted { $0.from < $1.from }
        }
    }

    /// The open end of each configured stream at `now`.
    ///
    /// It reaches from where the stream has been read up to, until the source responded again or, while it
    /// does not, until now.
    package func openEnds(at now: Timestamp) async throws(StoreError) -> [StreamName: UncoveredTime] {
        let now = seen(now)
        return try await read { db in
            let gaps = try Row.fetchAll(db, sql: GapRow.endings, arguments: [now.milliseconds])
                .map(CoverageGap.init)
            return gaps.reduce(into: [:]) {
                $0[$1.stream] = UncoveredTime(from: $1.from, to: $1.to ?? max(now, $1.from))
            }
        }
    }

    /// The current time, without the time before the start that is not known to have passed.
    private func seen(_ now: Timestamp) -> Timestamp {
        openReview.map { now - $0.unseen } ?? now
    }

    /// The events that sinks have lost, as in the view `gaps` (kind `delivery`); for time that was never read
    /// see `uncovered`.
    package func losses() async throws(StoreError) -> [LostEvents] {
        try await read { db in
            let rows = try Row.fetchAll(
                db,
                sql: """
                    SELECT t.name, k.name, s.lost_from_ms, s.lost_to_ms, s.lost
                    FROM subscription s JOIN stream t ON t.id = s.stream_id JOIN sink k ON k.id = s.sink_id
                    WHERE s.lost > 0 ORDER BY s.lost_from_ms
                    """
            )
            return try rows.map { row in
                LostEvents(
                    stream: try Names.stream(row[0]),
                    sink: SinkName(row[1]),
                    from: Timestamp(milliseconds: row[2]),
                    to: Timestamp(milliseconds: row[3]),
                    events: row[4]
                )
            }
        }
    }
}

/// The rows of `gap`: the times in which a stream was not read as scheduled, and when they were read later.
///
/// A gap begins where polls had read up to. It is recorded either by the periodic check while the source does
/// not respond, or by the first page after the gap, which also detects the downtime of this host. It ends at
/// the `Date` of that page, and is healed when polls have read up to there.
enum GapRow {
    /// Updates gaps after a page of a poll; sweeps and refetches do not affect gaps.
    static func polled(_ db: Database, _ commit: PageCommit) throws {
        guard commit.scan.reason == .poll else { return }
        try answered(db, commit)
        let end = commit.ended == .complete ? commit.windowEnd.milliseconds : nil
        try db.cachedStatement(
            sql: """
                UPDATE stream SET polled_ms = ?1,
                    polled_to_ms = coalesce(max(polled_to_ms, ?2), ?2, polled_to_ms)
                WHERE id = ?3
                """
        ).execute(arguments: [commit.fetched.milliseconds, end, commit.stream.value])
        guard end != nil else { return }
        try db.cachedStatement(
            sql: """
                UPDATE gap SET healed_ms = ?1 WHERE stream_id = ?2 AND healed_ms IS NULL
                    AND to_ms <= (SELECT polled_to_ms FROM stream WHERE id = ?2)
                """
        ).execute(arguments: [commit.fetched.milliseconds, commit.stream.value])
    }

    /// Opens a gap for every configured stream that has not been read for too long.
    static func note(_ db: Database, unreadAt time: Timestamp, at now: Timestamp) throws {
        try db.execute(
            sql: """
                INSERT INTO gap (stream_id, from_ms, noticed_ms)
                SELECT id, coalesce(polled_to_ms, start_ms), ?2 FROM stream t WHERE \(isUnread)
                """,
            arguments: [time.milliseconds, now.milliseconds]
        )
    }

    /// Number of streams for which `note` would open a gap.
    static func unread(_ db: Database, at now: Timestamp) throws -> Int {
        try Int.fetchOne(
            db,
            sql: "SELECT count(*) FROM stream t WHERE \(isUnread)",
            arguments: [now.milliseconds]
        ) ?? 0
    }

    /// A stream that has never been read has no gap yet: `status` shows it as `created`, or its error.
    private static let isUnread = """
        t.is_configured = 1 AND t.start_ms IS NOT NULL AND t.polled_ms < ?1 - t.gap_after_ms
        AND NOT EXISTS (SELECT 1 FROM gap g WHERE g.stream_id = t.id AND g.healed_ms IS NULL)
        """

    /// The ends of streams with an open gap, recorded or not (`?1` is now); the same as in the view `gaps`,
    /// which uses SQLite's clock.
    ///
    /// The columns are those of `healed`; the end is NULL while the source does not respond.
    static let endings = """
        SELECT name, from_ms, to_ms, noticed_ms, NULL AS healed_ms FROM (
            SELECT t.name, g.noticed_ms,
                max(t.start_ms, coalesce(t.polled_to_ms, t.start_ms), coalesce(t.since_ms, t.start_ms))
                    AS from_ms,
                CASE WHEN t.polled_ms < ?1 - t.gap_after_ms THEN NULL ELSE g.to_ms END AS to_ms
            FROM stream t LEFT JOIN gap g ON g.stream_id = t.id AND g.healed_ms IS NULL
            WHERE t.is_configured = 1 AND t.start_ms IS NOT NULL
                AND (g.id IS NOT NULL OR t.polled_ms < ?1 - t.gap_after_ms)
        )
        WHERE to_ms IS NULL OR from_ms < to_ms
        ORDER BY from_ms, name
        """

    /// Gaps of configured streams that have healed since `?1`.
    static let healed = """
        SELECT t.name, g.from_ms, g.to_ms, g.noticed_ms, g.healed_ms
        FROM gap g JOIN stream t ON t.id = g.stream_id
        WHERE t.is_configured = 1 AND g.healed_ms >= ?1
        ORDER BY g.from_ms, t.name LIMIT 1000
        """

    /// The source responds: an open gap ends, and an unrecorded pause becomes a gap.
    ///
    /// The local clock measures the pause between two pages, and so does the source's: the local one may have been set
    /// back meanwhile, and the pause would look shorter than it was.
    private static func answered(_ db: Database, _ commit: PageCommit) throws {
        let (stream, date) = (commit.stream.value, commit.page.date.milliseconds)
        let pause = try Int64.fetchOne(
            db.cachedStatement(
                sql: """
                    SELECT coalesce(polled_to_ms, start_ms) FROM stream WHERE id = ?1
                        AND ?2 - coalesce(polled_to_ms, start_ms) > gap_after_ms
                        AND (?3 - polled_ms > gap_after_ms OR ?2 - source_ms > gap_after_ms)
                    """
            ),
            arguments: [stream, date, commit.fetched.milliseconds]
        )
        try db.cachedStatement(
            sql: """
                UPDATE gap SET to_ms = ?1 WHERE stream_id = ?2 AND healed_ms IS NULL AND (to_ms IS NULL OR ?3)
                """
        ).execute(arguments: [date, stream, pause != nil])
        guard let pause, db.changesCount == 0 else { return }
        try db.execute(
            sql: "INSERT INTO gap (stream_id, from_ms, to_ms, noticed_ms) VALUES (?, ?, ?, ?)",
            arguments: [stream, pause, date, commit.fetched.milliseconds]
        )
    }
}
