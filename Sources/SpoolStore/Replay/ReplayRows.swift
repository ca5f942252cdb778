import GRDB
import SpoolCore

/// The rows of `replay` and `replay_stream`.
enum ReplayRows {
    static func insert(
        _ db: Database,
        _ request: ReplayRequest,
        mode: ReplayMode,
        sink: SinkID,
        plans: [ReplayPlan],
        at now: Timestamp
    ) throws -> ReplayID {
        let sum = plans.map(\.estimate).reduce(ReplayEstimate(), +)
        try db.execute(
            sql: """
                INSERT INTO replay (sink_id, basis, from_ms, to_ms, mode, streams, state, total, skipped,
                    created_ms, moved_ms)
                VALUES (?, ?, ?, ?, ?, ?, 'running', ?, ?, ?, ?)
                """,
            arguments: [
                sink.value, request.basis.rawValue, request.from.milliseconds, request.to.milliseconds,
                mode.rawValue, try JSONColumn.text(request.streams?.map(\.description)), sum.toSend,
                sum.inWindow - sum.toSend, now.milliseconds, now.milliseconds,
            ]
        )
        let id = ReplayID(db.lastInsertedRowID)
        for plan in plans {
            // A stream without anything to send begins at its end.
            let end = plan.end ?? plan.last
            try add(
                db,
                id,
                plan.stream,
                last: plan.last,
                end: end,
                position: plan.first.map { $0 - 1 } ?? end
            )
        }
        return id
    }

    static func add(
        _ db: Database,
        _ id: ReplayID,
        _ stream: StreamID,
        last: Int64,
        end: Int64,
        position: Int64
    ) throws {
        try db.execute(
            sql: """
                INSERT INTO replay_stream (replay_id, stream_id, last_seq, end_seq, position)
                VALUES (?, ?, ?, ?, ?)
                """,
            arguments: [id.value, stream.value, last, end, position]
        )
    }

    /// Replays, newest first; of one sink, with one id, or all.
    static func fetch(_ db: Database, sink: SinkID? = nil, id: ReplayID? = nil) throws -> [Replay] {
        var streams: [Int64: [Replay.Stream]] = [:]
        let streamRows = try Row.fetchCursor(
            db,
            sql: """
                SELECT s.replay_id, s.stream_id, t.name, s.last_seq, s.position
                FROM replay_stream s JOIN stream t ON t.id = s.stream_id ORDER BY s.replay_id, s.stream_id
                """
        )
        while let row = try streamRows.next() {
            streams[row[0], default: []].append(
                Replay.Stream(
                    stream: StreamID(row[1]),
                    name: try Names.stream(row[2]),
                    last: Seq(row[3]),
                    position: Seq(row[4])
                )
            )
        }
        let rows = try Row.fetchAll(
            db,
            sql: """
                SELECT r.id, k.name, r.basis, r.from_ms, r.to_ms, r.mode, r.streams, r.state, r.total, r.sent,
                    r.created_ms, r.finished_ms
                FROM replay r JOIN sink k ON k.id = r.sink_id
                WHERE (?1 IS NULL OR r.sink_id = ?1) AND (?2 IS NULL OR r.id = ?2) ORDER BY r.id DESC
                """,
            arguments: [sink?.value, id?.value]
        )
        return try rows.map { try replay($0, streams: streams[$0[0]] ?? []) }
    }

    private static func replay(_ row: Row, streams: [Replay.Stream]) throws -> Replay {
        guard let basis = ReplayBasis(rawValue: row[2]), let state = Replay.State(rawValue: row[7]) else {
            throw StoreError(.damaged, "Replay \(row[0] as Int64) has an unknown basis or state.")
        }
        let names = try JSONColumn.value([String].self, row[6])
        let request = ReplayRequest(
            sink: SinkName(row[1]),
            from: Timestamp(milliseconds: row[3]),
            to: Timestamp(milliseconds: row[4]),
            basis: basis,
            streams: names?.compactMap { StreamName($0) },
            missingOnly: row[5] as String == ReplayMode.missing.rawValue
        )
        return Replay(
            id: ReplayID(row[0]),
            sink: request.sink,
            request: request,
            state: state,
            streams: streams,
            total: row[8],
            sent: row[9],
            created: Timestamp(milliseconds: row[10]),
            finished: Timestamp(row[11] as Int64?)
        )
    }
}
