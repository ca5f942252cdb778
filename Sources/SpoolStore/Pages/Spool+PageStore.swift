import GRDB
package import SpoolCore
import Synchronization

extension Spool: PageStore {
    package func progress(of stream: StreamID) async throws(StoreError) -> StreamProgress {
        try await read { try StreamRow.progress($0, stream) }
    }

    package func begin(
        _ stream: StreamID,
        start: Timestamp,
        sweptTo: Timestamp
    ) async throws(StoreError) {
        try await write(mayUseReserve: false) { db in
            try db.execute(
                sql: """
                    UPDATE stream SET start_ms = ?1, since_ms = ?1, cursor = ?2, swept_to_ms = ?3
                    WHERE id = ?4 AND start_ms IS NULL
                    """,
                arguments: [
                    start.milliseconds, try JSONColumn.text(Cursor(since: start)), sweptTo.milliseconds,
                    stream.value,
                ]
            )
        }
    }

    package func append(_ commit: PageCommit) async throws(StoreError) -> PageReceipt {
        do throws(StoreError) {
            // The reserve is released for settling and pruning; a retried page must not use that space.
            guard reserve.isWhole else { throw StoreError.diskFull(path) }
            let told = [commit.stream: commit.page.date]
            let receipt = try await write(mayUseReserve: false) { [self] db in
                try review(db, told: told, at: commit.fetched)
                return try PageAppend.run(db, commit)
            }
            reviewed(told: told)
            if receipt.inserted > 0 { waitingFloors.withLock { $0.note(commit) } }
            return receipt
        } catch {
            if error.kind == .full { pauseGate.withLock { $0.diskWasFull() } }
            throw error
        }
    }

    package func abandon(_ scan: Scan, of stream: StreamID, at now: Timestamp) async throws(StoreError) {
        try await write { db in
            if let window = scan.window {
                try db.execute(
                    sql: """
                        UPDATE fetch_window SET state = 'abandoned', finished_ms = ?
                        WHERE id = ? AND stream_id = ? AND state = 'running'
                        """,
                    arguments: [now.milliseconds, window.value, stream.value]
                )
            }
            try StreamRow.forget(scan, db, stream)
        }
    }

    package func report(_ trouble: StreamTrouble?, of stream: StreamID) async throws(StoreError) {
        try await write { db in
            try db.execute(
                sql: "UPDATE stream SET state = ?, last_error = ?, trouble_since_ms = ? WHERE id = ?",
                arguments: [
                    trouble?.state ?? "connected", trouble?.message, trouble?.since.milliseconds,
                    stream.value,
                ]
            )
        }
    }

    package func mustPause() async throws(StoreError) -> Bool {
        let (used, pages) = try await read { (try Sizes.bytesInUse($0), try Sizes.bytes($0)) }
        reserve.make(sparing: 2 * options.lowDiskBytes)
        let (free, hasReserve) = (files.freeBytes(), reserve.isWhole)
        return pauseGate.withLock {
            $0.room = min($0.maxBytes, room(pages: pages, free: free))
            return $0.update(used: used, free: free, hasReserve: hasReserve)
        }
    }

    package var room: Int64 { pauseGate.withLock { $0.room } }

    /// How large the database file may become on this disk, with enough space left for fetching to continue.
    func room(pages: Int64, free: Int64) -> Int64 {
        let wanted = 2 * options.lowDiskBytes + (reserve.isWhole ? 0 : options.reserveBytes)
        let (room, isOver) = pages.addingReportingOverflow(free - wanted)
        return isOver ? .max : max(0, room)
    }

    /// Why fetching is paused, as found by `mustPause` and the last page; nil while it is not.
    package var pause: FetchPause? { pauseGate.withLock { $0.pause } }
}

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
