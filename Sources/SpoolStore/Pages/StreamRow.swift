import GRDB
import SpoolCore

/// A stream's row, as the fetch loop reads and updates it.
enum StreamRow {
    static func progress(_ db: Database, _ stream: StreamID) throws -> StreamProgress {
        guard
            let row = try Row.fetchOne(
                db,
                sql: """
                    SELECT start_ms, cursor, sweep, swept_to_ms, sweep_ended_ms, since_ms
                    FROM stream WHERE id = ?
                    """,
                arguments: [stream.value]
            )
        else { throw StoreError(.invalid, "The spool has no stream \(stream).") }
        return StreamProgress(
            start: Timestamp(row[0] as Int64?),
            cursor: cursor(row[1], since: Timestamp(row[5] as Int64?)),
            // An unreadable value is ignored: the next sweep begins at `swept_to_ms`.
            sweep: JSONColumn.value(Scan.self, row[2]),
            sweptTo: Timestamp(row[3] as Int64?),
            sweepEnded: Timestamp(row[4] as Int64?)
        )
    }

    /// An unreadable cursor restarts at `since_ms`, without the scan in progress.
    private static func cursor(_ text: String?, since: Timestamp?) -> SpoolCore.Cursor? {
        guard text != nil else { return nil }
        return JSONColumn.value(SpoolCore.Cursor.self, text) ?? since.map { SpoolCore.Cursor(since: $0) }
    }

    /// Advances a stream after a page.
    ///
    /// A poll does not change the sweep in progress and a sweep does not change the cursor, so that neither
    /// undoes the other; `since` and `swept_to` never move back.
    static func advance(_ db: Database, _ commit: PageCommit, window: WindowID) throws {
        let stored = try progress(db, commit.stream)
        switch commit.scan.reason {
        case .poll:
            guard var cursor = commit.progress.cursor else { break }
            cursor.scan?.window = window
            if let since = stored.cursor?.since { cursor.since = max(since, cursor.since) }
            let sweptTo = [stored.sweptTo, commit.progress.sweptTo].compactMap { $0 }.max()
            try db.execute(
                sql: "UPDATE stream SET cursor = ?, since_ms = ?, swept_to_ms = ? WHERE id = ?",
                arguments: [
                    try JSONColumn.text(cursor), cursor.since.milliseconds, sweptTo?.milliseconds,
                    commit.stream.value,
                ]
            )
        case .sweep:
            var sweep = commit.progress.sweep
            sweep?.window = window
            let sweptTo = [stored.sweptTo, commit.progress.sweptTo].compactMap { $0 }.max()
            try db.execute(
                sql: "UPDATE stream SET sweep = ?, swept_to_ms = ?, sweep_ended_ms = ? WHERE id = ?",
                arguments: [
                    try JSONColumn.text(sweep), sweptTo?.milliseconds,
                    (commit.progress.sweepEnded ?? stored.sweepEnded)?.milliseconds, commit.stream.value,
                ]
            )
        case .refetch:
            break
        }
    }

    /// Records the source's time, the current filters and the newest record, and updates the counters.
    static func count(_ db: Database, _ commit: PageCommit, _ counts: PageCounts) throws {
        // A record dated 2099 does not show how far the stream has been read.
        let date = commit.page.date
        let newest = commit.page.records.lazy.map(\.event)
            .filter { $0.isReadable && $0.created <= date }.map(\.created).max()
        let statement = try db.cachedStatement(
            sql: """
                UPDATE stream SET source_ms = max(coalesce(source_ms, 0), ?), last_success_ms = ?,
                    newest_ms = coalesce(max(newest_ms, ?), newest_ms, ?), filter_hash = ?,
                    state = CASE state WHEN 'created' THEN 'connected' ELSE state END,
                    inserted = inserted + ?, kept = kept + ?, unreadable = unreadable + ?,
                    skipped = skipped + ?
                WHERE id = ?
                """
        )
        try statement.execute(arguments: [
            date.milliseconds, commit.fetched.milliseconds, newest?.milliseconds, newest?.milliseconds,
            commit.scan.filterHash, counts.inserted, counts.inserted, counts.unreadable, counts.skipped,
            commit.stream.value,
        ])
    }

    /// Removes an abandoned scan from the stream's state; does nothing when it is not there.
    static func forget(_ scan: Scan, _ db: Database, _ stream: StreamID) throws {
        var stored = try progress(db, stream)
        if scan.reason == .poll, let window = scan.window, stored.cursor?.scan?.window == window {
            stored.cursor?.scan = nil
            try db.execute(
                sql: "UPDATE stream SET cursor = ? WHERE id = ?",
                arguments: [try JSONColumn.text(stored.cursor), stream.value]
            )
        } else if scan.reason == .sweep, let window = scan.window, stored.sweep?.window == window {
            try db.execute(sql: "UPDATE stream SET sweep = NULL WHERE id = ?", arguments: [stream.value])
        }
    }
}
