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
