import GRDB
import SpoolCore

/// Scans a stream's events from the oldest on, on the stream's basis, and deletes those that may be deleted.
struct PruneScan: Sendable {
    let stream: StreamID
    let cutoff: Timestamp
    let sweepsBack: Duration
    /// Sinks that were removed from the configuration before this time no longer keep events.
    let leftBefore: Timestamp
    /// Replays paused before this time, by the local clock, no longer keep events.
    let pausedBefore: Timestamp
    /// The local time.
    let now: Timestamp
    /// The position after which the next slice begins.
    private var time = Int64.min
    private var seq = Int64.min
    /// Events passed so far that are settled everywhere but must stay.
    private var spared = 0
    private(set) var isAtEnd = false

    init(
        _ stream: StreamID,
        cutoff: Timestamp,
        sweepsBack: Duration,
        leftBefore: Timestamp,
        pausedBefore: Timestamp,
        now: Timestamp
    ) {
        self.stream = stream
        self.cutoff = cutoff
        self.sweepsBack = sweepsBack
        self.leftBefore = leftBefore
        self.pausedBefore = pausedBefore
        self.now = now
    }

    /// `keep` is true for dead letters that were not dismissed, and for events that an unfinished replay has
    /// not sent yet.
    static let sql = """
        SELECT e.created_ms, e.seq,
            EXISTS (SELECT 1 FROM dead_letter d WHERE d.seq = e.seq AND d.dismissed_ms IS NULL)
            OR EXISTS (
                SELECT 1 FROM replay r
                    JOIN replay_stream s ON s.replay_id = r.id AND s.stream_id = e.stream_id
                WHERE r.state IN ('running', 'paused') AND (r.state = 'running' OR r.moved_ms >= ?5)
                    AND e.seq > s.position AND e.seq <= s.end_seq
                    AND CASE r.mode
                        WHEN 'events'
                        THEN EXISTS (SELECT 1 FROM replay_event x WHERE x.replay_id = r.id AND x.seq = e.seq)
                        ELSE CASE r.basis WHEN 'occurred' THEN e.occurred_ms ELSE e.created_ms END
                                >= r.from_ms
                            AND CASE r.basis WHEN 'occurred' THEN e.occurred_ms ELSE e.created_ms END
                                < r.to_ms
                    END
            ) AS keep
        FROM event e INDEXED BY event_created
        WHERE e.stream_id = ?1 AND e.created_ms >= ?2 AND e.created_ms < ?3
            AND (e.created_ms > ?2 OR e.seq > ?4)
        ORDER BY e.created_ms, e.seq LIMIT \(Retention.slice)
        """

    /// The time of the next event to examine; nil when there is none.
    func peek(_ db: Database) throws -> Int64? {
        try Int64.fetchOne(
            db.cachedStatement(
                sql: """
                    SELECT created_ms FROM event INDEXED BY event_created
                    WHERE stream_id = ? AND created_ms >= ? ORDER BY created_ms LIMIT 1
                    """
            ),
            arguments: [stream.value, time]
        )
    }

    /// Skips to the next settled event, if these are few enough to be searched: a backlog may have millions
    /// of events.
    private mutating func passBacklog(_ db: Database, _ scope: PruneScope) throws {
        guard scope.settled <= Retention.few else { return }
        let statement = try RawStatement(db, Self.settledSQL)
        defer { statement.release() }
        for (index, value) in [stream.value, scope.floor, time, seq, scope.bound].enumerated() {
            statement.bind(value, at: Int32(index + 1))
        }
        if try statement.step(), !statement.isNull(0) {
            (time, seq) = (statement.int(0), .min)
        } else {
            isAtEnd = true
        }
    }

    static let settledSQL = """
        SELECT min(created_ms) FROM event INDEXED BY event_stream
        WHERE stream_id = ?1 AND seq <= ?2 AND (created_ms, seq) > (?3, ?4) AND created_ms < ?5
        """

    /// Deletes the candidates among the next events, as part of one transaction.
    mutating func slice(_ db: Database) throws -> PruneReport {
        try candidates(db)?.delete(db) ?? PruneReport()
    }

    /// Those of the next events that may be deleted; nil when there are none.
    mutating func candidates(_ db: Database) throws -> PruneSlice? {
        let scope = try PruneScope(
            db,
            stream,
            cutoff: cutoff,
            sweepsBack: sweepsBack,
            leftBefore: leftBefore,
            now: now
        )
        guard let scope else {
            isAtEnd = true
            return nil
        }
        var settled: [(seq: Int64, time: Int64)] = []
        var looked = 0
        let statement = try RawStatement(db, Self.sql)
        statement.bind(stream.value, at: 1)
        statement.bind(time, at: 2)
        statement.bind(scope.bound, at: 3)
        statement.bind(seq, at: 4)
        statement.bind(pausedBefore.milliseconds, at: 5)
        defer { statement.release() }
        while try statement.step() {
            looked += 1
            time = statement.int(0)
            seq = statement.int(1)
            guard seq <= scope.floor else { continue }
            guard statement.int(2) == 0 else {
                spared += 1
                continue
            }
            settled.append((seq, time))
        }
        statement.reset()
        let pending = try PrunedIDs.pending(db, settled.map(\.seq), of: stream)
        let gone = settled.filter { !pending.contains($0.seq) }
        spared += pending.count
        isAtEnd = looked < Retention.slice || spared + gone.count >= scope.settled
        guard !gone.isEmpty, let newest = gone.map(\.time).max() else {
            if !isAtEnd, seq > scope.floor { try passBacklog(db, scope) }
            return nil
        }
        return PruneSlice(stream: stream, seqs: gone.map(\.seq), newest: newest, scope: scope)
    }
}

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
