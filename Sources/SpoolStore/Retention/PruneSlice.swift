import GRDB
import SpoolCore

/// Events of one stream that are deleted in one transaction, with all that depends on them.
struct PruneSlice {
    let stream: StreamID
    let seqs: [Int64]
    /// The greatest time among them, on the stream's basis.
    let newest: Int64
    let scope: PruneScope

    /// Deletes events and records, ledger rows that no longer cover any event, and fetch windows that are
    /// completely below `pruned_to_ms`.
    ///
    /// It advances `pruned_to_ms`, so that no deleted event can be inserted again as new.
    func delete(_ db: Database) throws -> PruneReport {
        var report = PruneReport()
        report.lost = try countLost(db)
        try PrunedIDs.note(db, seqs, of: stream, lost: lost)
        let list = try JSONColumn.text(seqs)
        try db.cachedStatement(sql: "DELETE FROM event WHERE seq IN (SELECT value FROM json_each(?))")
            .execute(arguments: [list])
        report.events = db.changesCount
        try db.cachedStatement(
            sql: """
                UPDATE stream SET kept = kept - ?, pruned_to_ms = max(coalesce(pruned_to_ms, ?2), ?2)
                WHERE id = ?
                """
        ).execute(arguments: [report.events, newest + 1, stream.value])
        try deleteLedger(db)
        try db.cachedStatement(
            sql: """
                DELETE FROM fetch_window WHERE stream_id = ?1 AND state <> 'running'
                    AND from_ms <= (SELECT pruned_to_ms FROM stream WHERE id = ?1)
                    AND to_ms <= (SELECT pruned_to_ms FROM stream WHERE id = ?1)
                """
        ).execute(arguments: [stream.value])
        return report
    }

    private func deleteLedger(_ db: Database) throws {
        let holes = try holes(db)
        for sink in try Int64.fetchAll(db.cachedStatement(sql: "SELECT id FROM sink")) {
            for hole in holes {
                try db.cachedStatement(sql: Self.ledgerSQL)
                    .execute(arguments: [sink, stream.value, hole.lowerBound, hole.upperBound])
            }
        }
    }

    /// Deletes ledger rows that end in a hole and cover no event.
    ///
    /// A row that begins before the hole may cover an earlier event, and a row that ends after it covers the
    /// event there.
    ///
    /// Only rows that end within the hole are read, regardless of the ledger's length.
    static let ledgerSQL = """
        DELETE FROM ledger WHERE id IN (
            SELECT l.id FROM ledger l INDEXED BY ledger_range
            WHERE l.sink_id = ?1 AND l.stream_id = ?2 AND l.last_seq >= ?3 AND l.last_seq < ?4
                AND NOT EXISTS (SELECT 1 FROM event e INDEXED BY event_stream
                    WHERE e.stream_id = ?2 AND e.seq BETWEEN l.first_seq AND l.last_seq))
        """

    /// The ranges in which the stream now has no events: each from a deleted event to the next existing one.
    private func holes(_ db: Database) throws -> [Range<Int64>] {
        let next = try RawStatement(
            db,
            "SELECT seq FROM event INDEXED BY event_stream WHERE stream_id = ? AND seq > ? "
                + "ORDER BY seq LIMIT 1"
        )
        defer { next.release() }
        next.bind(stream.value, at: 1)
        var holes: [Range<Int64>] = []
        for seq in seqs.sorted() where seq >= holes.last?.upperBound ?? .min {
            next.bind(seq, at: 2)
            holes.append(seq..<(try next.step() ? next.int(0) : .max))
            next.reset()
        }
        return holes
    }

    /// The events above the watermark of each sink that no longer keeps them, which it has not received.
    private var lost: [SinkID: Set<Int64>] {
        var lost: [SinkID: Set<Int64>] = [:]
        for subscription in scope.forsaken where subscription.hasBegun {
            lost[subscription.sink] = Set(seqs.filter { $0 > subscription.watermark })
        }
        return lost
    }

    /// Records the lost events on each subscription that no longer keeps them, so that `gaps` and the backlog
    /// stay correct.
    private func countLost(_ db: Database) throws -> Int {
        var lost = 0
        for subscription in scope.forsaken {
            let missed = seqs.filter { $0 > subscription.watermark }
            guard let first = missed.min(), let last = missed.max() else { continue }
            lost += missed.count
            try db.cachedStatement(
                sql: """
                    UPDATE subscription SET lost = lost + ?1, passed = passed + ?1,
                        lost_from_ms = min(coalesce(lost_from_ms, t.oldest), t.oldest),
                        lost_to_ms = max(coalesce(lost_to_ms, t.newest), t.newest)
                    FROM (SELECT min(created_ms) AS oldest, max(created_ms) AS newest FROM event
                        WHERE seq IN (SELECT value FROM json_each(?2))) AS t
                    WHERE id = ?3
                    """
            ).execute(arguments: [missed.count, try JSONColumn.text(missed), subscription.id])
            try RetentionNotes.lost(db, sink: subscription.name, first: first, last: last, at: scope.now)
        }
        return lost
    }
}
