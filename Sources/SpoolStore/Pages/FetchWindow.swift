import GRDB
import SpoolCore

/// The rows of `fetch_window`: which part of a stream was requested, and whether the response was complete.
enum FetchWindow {
    /// The window of a page's scan; created with the scan's first page.
    static func open(_ db: Database, _ commit: PageCommit) throws -> WindowID {
        if let window = commit.scan.window { return window }
        let id = try FreshID.next(db, in: .window)
        try db.cachedStatement(
            sql: """
                INSERT INTO fetch_window (id, stream_id, reason, from_ms, to_ms, filter_hash, state, pages,
                    seen, inserted, changed, started_ms)
                VALUES (?, ?, ?, ?, ?, ?, 'running', 0, 0, 0, 0, ?)
                """
        ).execute(arguments: [
            id, commit.stream.value, commit.scan.reason.rawValue, commit.scan.from.milliseconds,
            commit.windowEnd.milliseconds, commit.scan.filterHash, commit.fetched.milliseconds,
        ])
        return WindowID(id)
    }

    /// Adds a page to its window, and merges a window that ended complete and empty with an empty neighbour.
    ///
    /// - Returns: the window that now covers the page.
    static func update(
        _ db: Database,
        _ commit: PageCommit,
        window: WindowID,
        _ counts: PageCounts
    ) throws -> WindowID {
        let state = commit.ended ?? .running
        let statement = try db.cachedStatement(
            sql: """
                UPDATE fetch_window SET to_ms = ?, state = ?, pages = pages + 1, seen = seen + ?,
                    inserted = inserted + ?, changed = changed + ?, finished_ms = ?
                WHERE id = ? AND stream_id = ?
                """
        )
        try statement.execute(arguments: [
            commit.windowEnd.milliseconds, state.rawValue, commit.page.records.count, counts.inserted,
            counts.changed, commit.ended == nil ? nil : commit.fetched.milliseconds, window.value,
            commit.stream.value,
        ])
        guard db.changesCount == 1 else {
            throw StoreError(.invalid, "Stream \(commit.stream) has no fetch window \(window).")
        }
        guard state == .complete, commit.page.records.isEmpty else { return window }
        return try merge(db, window)
    }

    /// The maximum length of a merged window.
    ///
    /// A window that reaches into the future proves nothing (`pullBack`). If it were merged without a limit,
    /// the proof of the time before would be lost with it, and a quiet month would be read again.
    static let longest = Duration.days(1)

    /// Of the windows that begin before it only the nearest are examined: on a busy stream none may be empty.
    static let neighbourSQL = """
        SELECT b.id FROM fetch_window a JOIN fetch_window b ON b.id IN (
            SELECT id FROM fetch_window n
            WHERE n.stream_id = a.stream_id AND n.from_ms <= a.from_ms ORDER BY n.from_ms DESC LIMIT 500)
        WHERE a.id = ? AND a.seen = 0 AND b.to_ms >= a.from_ms AND b.reason = a.reason
            AND b.filter_hash = a.filter_hash AND b.state = 'complete' AND b.seen = 0 AND b.id < a.id
            AND a.to_ms - b.from_ms <= \(longest.milliseconds)
        ORDER BY b.from_ms DESC, b.id DESC LIMIT 1
        """

    /// Merges an empty, complete window into the previous one with the same reason and filters, if that is
    /// also empty, reaches up to it, and both cover at most `longest`.
    ///
    /// A quiet month then takes thirty rows instead of two hundred thousand.
    private static func merge(_ db: Database, _ window: WindowID) throws -> WindowID {
        let neighbour = try Int64.fetchOne(
            db.cachedStatement(
                sql: neighbourSQL
            ),
            arguments: [window.value]
        )
        guard let neighbour else { return window }
        try db.execute(
            sql: """
                UPDATE fetch_window SET to_ms = max(fetch_window.to_ms, n.to_ms),
                    pages = fetch_window.pages + n.pages, finished_ms = n.finished_ms
                FROM (SELECT * FROM fetch_window WHERE id = ?) AS n WHERE fetch_window.id = ?
                """,
            arguments: [window.value, neighbour]
        )
        try db.execute(sql: "DELETE FROM fetch_window WHERE id = ?", arguments: [window.value])
        return WindowID(neighbour)
    }
}
