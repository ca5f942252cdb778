import GRDB
import SpoolCore

/// What is read again from the source after a salvage.
extension Salvage {
    /// A stream that has begun, with its positions.
    struct Stream {
        let id: Int64
        let name: String
        let start: Int64
        let since: Int64
        let sweptTo: Int64
        let prunedTo: Int64?
        let kept: Int
        /// Every sink has a proved outcome for all events up to this one.
        let settled: Int64

        static func all(_ db: Database) throws -> [Stream] {
            let unproved = try StateReading.firstUnproved(db)
            return try Row.fetchAll(
                db,
                sql: """
                    SELECT t.id, t.name, t.start_ms, t.since_ms, coalesce(t.swept_to_ms, t.start_ms),
                        t.pruned_to_ms, t.kept,
                        (SELECT min(watermark_seq) FROM subscription s WHERE s.stream_id = t.id)
                    FROM stream t WHERE t.replay_id IS NULL AND t.since_ms IS NOT NULL
                    """
            ).map { row in
                let since: Int64 = row[3]
                let start: Int64? = row[2]
                let watermark: Int64? = row[7]
                let first = unproved[StreamID(row[0])].map { $0 - 1 }
                return Stream(
                    id: row[0],
                    name: row[1],
                    start: start ?? since,
                    since: since,
                    sweptTo: row[4] ?? since,
                    prunedTo: row[5],
                    kept: row[6],
                    settled: min(watermark ?? .min, first ?? .max)
                )
            }
        }
    }

    /// Moves the positions of streams back to where events are missing.
    func readAgain(_ holes: [String: [ClosedRange<Int64>]], _ outcome: inout Outcome) throws {
        let arePrunedIDsWhole = hasOld && (holes["pruned"] ?? []).isEmpty
        var lost: Int? = 0
        for stream in try Stream.all(db) {
            let found =
                try Int.fetchOne(
                    db,
                    sql: "SELECT count(*) FROM main.event WHERE stream_id = ?",
                    arguments: [stream.id]
                ) ?? 0
            outcome.kept += found
            if hasOld, found >= stream.kept { continue }
            lost = lost.map { $0 + stream.kept - found }
            // Notifications come from the spool itself; there is nowhere to read them again.
            if stream.name == StreamName.notifications.description { continue }
            if !arePrunedIDsWhole { try forgetPruned(stream) }
            let from: Int64?
            if !hasOld {
                from = state?.rereadFrom[stream.name] ?? stream.start
            } else {
                from = try missing(of: stream, count: stream.kept - found, arePrunedIDsWhole)
            }
            guard let from else { continue }
            outcome.windows.append(try Self.moveBack(db, stream, to: from))
            if !hasOld {
                // What was delivered everywhere is history; proofs say that it is deleted.
                try db.execute(
                    sql: "UPDATE main.stream SET pruned_to_ms = ?1, pruned_ids_from_ms = ?1 WHERE id = ?2",
                    arguments: [from, stream.id]
                )
            }
        }
        outcome.lost = outcome.hasNoPositions ? nil : lost
    }

    /// Without all ids of deleted events a record that was never seen cannot be told from a deleted one, so
    /// that both
    /// count as new.
    private func forgetPruned(_ stream: Stream) throws {
        try db.execute(
            sql: "UPDATE main.stream SET pruned_to_ms = NULL, pruned_ids_from_ms = NULL WHERE id = ?",
            arguments: [stream.id]
        )
    }

    private struct Lost {
        let time: Int64
        var id: String?
    }

    /// From when on a stream has to be read again for events that the damaged spool had; nil when for none.
    ///
    /// The indexes of the damaged spool often still name events whose rows cannot be read. Those that every
    /// sink has
    /// received are not read again: they count as deleted by retention.
    private func missing(of stream: Stream, count: Int, _ arePrunedIDsWhole: Bool) throws -> Int64? {
        let everything = max(stream.start, stream.prunedTo ?? stream.start)
        guard var lost = lostEvents(of: stream), lost.count == count else { return everything }
        guard !lost.isEmpty else { return nil }
        let isReplayed =
            try Bool.fetchOne(
                db,
                sql: """
                    SELECT EXISTS (SELECT 1 FROM main.replay_stream s JOIN main.replay r ON r.id = s.replay_id
                        WHERE s.stream_id = ? AND r.state IN ('running', 'paused'))
                    """,
                arguments: [stream.id]
            ) ?? false
        if arePrunedIDsWhole, !isReplayed {
            let settled = try settled(lost.filter { $0.key <= stream.settled }, of: StreamID(stream.id))
            if settled.values.allSatisfy({ $0.id != nil }) {
                try PrunedIDs.note(
                    db,
                    settled.map { (seq: $0.key, id: $0.value.id ?? "", time: $0.value.time) },
                    of: StreamID(stream.id)
                )
                if let newest = settled.values.map(\.time).max() {
                    try db.execute(
                        sql:
                            "UPDATE main.stream SET pruned_to_ms = max(coalesce(pruned_to_ms, 0), ?) WHERE id = ?",
                        arguments: [newest + 1, stream.id]
                    )
                }
                for seq in settled.keys { lost[seq] = nil }
            }
        }
        return lost.values.map(\.time).min()
    }

    /// Those of these events whose outcome at every sink is proved.
    private func settled(_ events: [Int64: Lost], of stream: StreamID) throws -> [Int64: Lost] {
        guard let first = events.keys.min(), let last = events.keys.max() else { return [:] }
        var settled = events
        let sinks = try Int64.fetchAll(
            db,
            sql: "SELECT sink_id FROM main.subscription WHERE stream_id = ?",
            arguments: [stream.value]
        )
        for sink in sinks {
            var map = try StandingMap(db, sink: SinkID(sink), stream: stream, range: first...last)
            for seq in settled.keys.sorted() {
                switch map.standing(of: seq) {
                case .acknowledged, .kernel, .sent, .filtered, .beforeStart, .dismissed: break
                default: settled[seq] = nil
                }
            }
        }
        return settled
    }

    /// Events of a stream that the damaged spool's indexes name and that could not be copied; nil when the
    /// index of
    /// their times cannot be read.
    private func lostEvents(of stream: Stream) -> [Int64: Lost]? {
        let isGone = "NOT EXISTS (SELECT 1 FROM main.event m WHERE m.seq = e.seq)"
        guard
            let times = try? Row.fetchAll(
                db,
                sql: """
                    SELECT e.seq, e.created_ms FROM old.event e INDEXED BY event_created
                    WHERE e.stream_id = ? AND \(isGone)
                    """,
                arguments: [stream.id]
            )
        else { return nil }
        var lost = Dictionary(
            times.map { ($0[0] as Int64, Lost(time: $0[1])) },
            uniquingKeysWith: { first, _ in first }
        )
        // Without the ids, all of them are read again.
        let ids = try? Row.fetchAll(
            db,
            sql: """
                SELECT e.seq, e.external_id FROM old.event e INDEXED BY sqlite_autoindex_event_1
                WHERE e.stream_id = ? AND \(isGone)
                """,
            arguments: [stream.id]
        )
        for row in ids ?? [] { lost[row[0]]?.id = row[1] }
        return lost
    }

    /// Moves a stream back: polls read again what sweeps have not reached, sweeps the time before.
    static func moveBack(_ db: Database, _ stream: Stream, to from: Int64) throws -> Window {
        let since = from >= stream.sweptTo ? min(stream.since, from) : min(stream.since, stream.sweptTo)
        let sweptTo = min(stream.sweptTo, from)
        try db.execute(
            sql: """
                UPDATE fetch_window SET state = 'abandoned'
                WHERE stream_id = ?1 AND state <> 'abandoned' AND (from_ms >= ?2 OR state = 'running');
                """,
            arguments: [stream.id, from]
        )
        try db.execute(
            sql:
                "UPDATE fetch_window SET to_ms = ?2 WHERE stream_id = ?1 AND state = 'complete' AND to_ms > ?2",
            arguments: [stream.id, from]
        )
        try db.execute(
            sql: """
                UPDATE stream SET cursor = ?1, since_ms = ?2, sweep = NULL, swept_to_ms = ?3,
                    start_ms = min(start_ms, ?4), polled_to_ms = min(polled_to_ms, ?2) WHERE id = ?5
                """,
            arguments: [
                try JSONColumn.text(SpoolCore.Cursor(since: Timestamp(milliseconds: since))), since, sweptTo,
                from,
                stream.id,
            ]
        )
        return Window(stream: stream.name, from: from, pollsFrom: since, to: stream.since)
    }
}
