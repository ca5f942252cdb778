import GRDB
import SpoolCore

/// Which events of one stream may be deleted: those settled everywhere and older than anything still to be
/// read.
struct PruneScope {
    /// Only events before this time, on the stream's basis.
    let bound: Int64
    /// Only events up to this one: the smallest relevant watermark.
    let floor: Int64
    /// The local time, for notifications.
    let now: Timestamp
    /// How many of the stream's events are up to `floor`: a scan that has passed them all need not scan the
    /// backlog.
    let settled: Int
    /// Subscriptions of sinks that were removed too long ago to keep events.
    let forsaken: [Forsaken]

    struct Forsaken {
        let id: Int64
        let sink: SinkID
        let name: String
        let watermark: Int64
        /// False for a subscription that never began: the sink is not missing any event of the stream.
        let hasBegun: Bool
    }

    /// Nil when no event of the stream may be deleted.
    init?(
        _ db: Database,
        _ stream: StreamID,
        cutoff: Timestamp,
        sweepsBack: Duration,
        leftBefore: Timestamp,
        now: Timestamp
    ) throws {
        self.now = now
        let progress = try StreamRow.progress(db, stream)
        guard let cursor = progress.cursor else { return nil }
        let limits = [
            cutoff, cursor.since, cursor.scan?.from, progress.sweptTo.map { $0 - sweepsBack },
            progress.sweep?.from,
        ]
        bound = limits.compactMap { $0?.milliseconds }.min() ?? .min
        var (floor, waiting) = (Int64.max, 0)
        var forsaken: [Forsaken] = []
        let rows = try Row.fetchAll(
            db.cachedStatement(
                sql: """
                    SELECT s.id, k.name, s.watermark_seq, s.state = 'left' AND s.left_ms < ?,
                        t.inserted - s.passed, k.id, s.start_seq IS NOT NULL
                    FROM subscription s JOIN sink k ON k.id = s.sink_id JOIN stream t ON t.id = s.stream_id
                    WHERE s.stream_id = ?
                    """
            ),
            arguments: [leftBefore.milliseconds, stream.value]
        )
        for row in rows {
            if row[3] as Bool? ?? false {
                forsaken.append(
                    Forsaken(
                        id: row[0],
                        sink: SinkID(row[5]),
                        name: row[1],
                        watermark: row[2],
                        hasBegun: row[6]
                    )
                )
            } else if row[2] < floor {
                (floor, waiting) = (row[2], row[4])
            }
        }
        self.floor = floor
        let kept = try Int.fetchOne(
            db.cachedStatement(sql: "SELECT kept FROM stream WHERE id = ?"),
            arguments: [stream.value]
        )
        settled = (kept ?? 0) - waiting
        self.forsaken = forsaken
        // The usual case while a sink is down: the stream consists only of its backlog.
        let first = try Int64.fetchOne(
            db.cachedStatement(sql: "SELECT min(seq) FROM event WHERE stream_id = ?"),
            arguments: [stream.value]
        )
        guard let first, first <= floor else { return nil }
    }
}
