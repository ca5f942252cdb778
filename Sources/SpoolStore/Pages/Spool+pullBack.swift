import GRDB
package import SpoolCore

extension Spool {
    package func pullBack(_ stream: StreamID, to now: Timestamp, start: Timestamp, lookBack: Duration)
        async throws(StoreError) -> Timestamp?
    {
        try await write { db in
            try CursorReturn.run(db, stream, to: now, freshStart: start, lookBack: lookBack)
        }
    }
}

/// Moves back positions of a stream that a wrong clock has set to the future: the time before them has not
/// been read.
///
/// Windows that reach into the future no longer prove anything, and the positions move back to what the other
/// windows prove.
///
/// The time that is read again is the time since the clock was wrong, or the look-back, plus at most one
/// window of a scan or of merged empty windows (`FetchWindow.longest`).
private enum CursorReturn {
    static func run(
        _ db: Database,
        _ stream: StreamID,
        to now: Timestamp,
        freshStart: Timestamp,
        lookBack: Duration
    ) throws -> Timestamp? {
        let stored = try StreamRow.progress(db, stream)
        let limit = now + StreamProgress.tolerance
        guard var cursor = stored.cursor, let storedStart = stored.start, let sweptTo = stored.sweptTo,
            stored.isAhead(of: now)
        else { return nil }
        let start = storedStart > limit ? freshStart : storedStart
        guard start <= limit else { return nil }
        try db.execute(
            sql: """
                UPDATE fetch_window SET state = 'abandoned'
                WHERE stream_id = ?1 AND state <> 'abandoned' AND reason <> 'refetch'
                    AND (to_ms > ?2 OR state = 'running')
                """,
            arguments: [stream.value, limit.milliseconds]
        )
        let least = now - lookBack
        let polled = try end(of: "poll", db, stream) ?? start
        cursor.since = max(start, min(cursor.since, polled, least))
        cursor.scan = nil
        let swept = try end(of: "sweep", db, stream) ?? start
        let backTo = max(start, min(sweptTo, swept, cursor.since))
        try db.execute(
            sql: """
                UPDATE stream SET cursor = ?1, since_ms = ?2, sweep = NULL, swept_to_ms = ?3,
                    sweep_ended_ms = min(sweep_ended_ms, ?4), source_ms = min(source_ms, ?4),
                    polled_to_ms = min(polled_to_ms, ?2), start_ms = ?6
                WHERE id = ?5
                """,
            arguments: [
                try JSONColumn.text(cursor), cursor.since.milliseconds, backTo.milliseconds, now.milliseconds,
                stream.value, start.milliseconds,
            ]
        )
        return cursor.since
    }

    /// The end of the latest complete window of a reason.
    private static func end(of reason: String, _ db: Database, _ stream: StreamID) throws -> Timestamp? {
        Timestamp(
            try Int64.fetchOne(
                db,
                sql: """
                    SELECT max(to_ms) FROM fetch_window
                    WHERE stream_id = ? AND reason = ? AND state = 'complete'
                    """,
                arguments: [stream.value, reason]
            )
        )
    }
}
