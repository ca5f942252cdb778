import GRDB
import SpoolCore

/// The rows of `replay` and `replay_stream`.
enum ReplayRows {
    static func insert(
        _ db: Database,
        _ request: ReplayRequest,
        mode: ReplayMode,
        sink: SinkID?,
        plans: [ReplayPlan],
        at now: Timestamp
    ) throws -> ReplayID {
        let sum = plans.map(\.estimate).reduce(ReplayEstimate(), +)
        let target = try sink ?? AdHocSink.make(db, at: now)
        let refetch = request.refetch ? try Refetches.begin(db, request, plans.map(\.stream)) : nil
        try db.execute(
            sql: """
                INSERT INTO replay (sink_id, destination, basis, from_ms, to_ms, mode, streams, refetch, scan,
                    rate, state, total, skipped, created_ms, moved_ms)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'running', ?, ?, ?, ?)
                """,
            arguments: [
                target.value, request.destination, request.basis.rawValue, request.from.milliseconds,
                request.to.milliseconds, mode.rawValue,
                try JSONColumn.text(request.streams?.map(\.description)), request.refetch,
                try JSONColumn.text(refetch), request.rate, sum.toSend, sum.inWindow - sum.toSend,
                now.milliseconds, now.milliseconds,
            ]
        )
        let id = ReplayID(db.lastInsertedRowID)
        if sink == nil { try AdHocSink.belong(db, target, to: id) }
        for plan in plans {
            if request.refetch {
                // Until the refetch is complete, the replay keeps all of its window, including events that
                // the refetch inserts.
                try add(db, id, plan.stream, last: .max, end: .max, position: 0)
            } else {
                try add(db, id, plan)
            }
        }
        return id
    }

    /// Stores what a replay has to send of one stream, replacing an earlier plan.
    static func add(_ db: Database, _ id: ReplayID, _ plan: ReplayPlan) throws {
        // A stream with nothing to send begins at its end.
        let end = plan.end ?? plan.last
        let position = plan.first.map { $0 - 1 } ?? end
        try add(db, id, plan.stream, last: plan.last, end: end, position: position)
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
                INSERT OR REPLACE INTO replay_stream (replay_id, stream_id, last_seq, end_seq, position)
                VALUES (?, ?, ?, ?, ?)
                """,
            arguments: [id.value, stream.value, last, end, position]
        )
    }

    /// Maximum number of replays read; retention keeps fewer finished ones.
    static let most = 2_000

    /// Replays, newest first: of one sink, with one id, unfinished ones, or all.
    static func fetch(
        _ db: Database,
        sink: SinkID? = nil,
        id: ReplayID? = nil,
        unfinished: Bool = false
    ) throws -> [Replay] {
        var conditions = ["1"]
        if let sink { conditions.append("r.sink_id = \(sink.value)") }
        if let id { conditions.append("r.id = \(id.value)") }
        // Only with exactly this condition is the partial index `replay_unfinished` used.
        if unfinished { conditions.append("r.state IN ('running', 'paused')") }
        let condition = conditions.joined(separator: " AND ")
        var streams: [Int64: [Replay.Stream]] = [:]
        let streamRows = try Row.fetchCursor(
            db,
            sql: """
                SELECT s.replay_id, s.stream_id, t.name, s.last_seq, s.position
                FROM replay r CROSS JOIN replay_stream s ON s.replay_id = r.id
                    JOIN stream t ON t.id = s.stream_id
                WHERE \(condition) ORDER BY s.replay_id, s.stream_id
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
                SELECT r.id, r.sink_id, k.name, r.destination, r.basis, r.from_ms, r.to_ms, r.mode, r.streams,
                    r.refetch, r.scan, r.rate, r.state, r.total, r.sent, r.skipped, r.created_ms,
                    r.finished_ms, r.reason, k.rate AS sink_rate, k.last_error
                FROM replay r JOIN sink k ON k.id = r.sink_id
                WHERE \(condition) ORDER BY r.id DESC LIMIT \(most)
                """
        )
        return try rows.map { try replay(db, $0, streams: streams[$0[0]] ?? []) }
    }

    private static func replay(_ db: Database, _ row: Row, streams: [Replay.Stream]) throws -> Replay {
        guard let basis = ReplayBasis(rawValue: row["basis"]),
            let state = Replay.State(rawValue: row["state"])
        else {
            throw StoreError(.damaged, "Replay \(row["id"] as Int64) has an unknown basis or state.")
        }
        var names = JSONColumn.value([String].self, row["streams"])
        // Nil would mean every stream of the sink.
        if names == nil, row["streams"] as String? != nil { names = streams.map(\.name.description) }
        var refetch = JSONColumn.value(Refetch.self, row["scan"])
        if refetch == nil, row["scan"] as String? != nil, state.isUnfinished {
            refetch = try Refetches.again(db, ReplayID(row["id"]))
        }
        let request = ReplayRequest(
            sink: SinkName(row["name"]),
            destination: row["destination"],
            from: Timestamp(milliseconds: row["from_ms"]),
            to: Timestamp(milliseconds: row["to_ms"]),
            basis: basis,
            streams: names?.compactMap { StreamName($0) },
            missingOnly: row["mode"] as String == ReplayMode.missing.rawValue,
            rate: row["rate"],
            refetch: row["refetch"]
        )
        var replay = Replay(
            id: ReplayID(row["id"]),
            sinkID: SinkID(row["sink_id"]),
            sink: request.sink,
            request: request,
            state: state,
            streams: streams,
            total: row["total"],
            sent: row["sent"],
            created: Timestamp(milliseconds: row["created_ms"])
        )
        replay.skipped = row["skipped"]
        replay.finished = Timestamp(row["finished_ms"] as Int64?)
        replay.reason = row["reason"]
        replay.refetch = refetch
        replay.sinkRate = row["sink_rate"]
        replay.trouble = state.isUnfinished ? row["last_error"] : nil
        replay.hasChosenEvents = row["mode"] as String == ReplayMode.events.rawValue
        return replay
    }
}
