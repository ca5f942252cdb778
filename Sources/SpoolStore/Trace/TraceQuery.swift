import GRDB
package import SpoolCore

/// Reads everything that the spool contains about single events.
enum TraceQuery {
    /// Events with this id at their source, in any stream; if there is none, the event with this `seq`.
    static func events(_ db: Database, named text: String) throws -> [EventTrace] {
        var rows = try Row.fetchAll(
            db,
            sql:
                "\(columns) FROM stream t JOIN event e ON e.stream_id = t.id AND e.external_id = ?1 \(joins)",
            arguments: [text]
        )
        if rows.isEmpty, let seq = Int64(text) {
            rows = try Row.fetchAll(
                db,
                sql: "\(columns) FROM event e JOIN stream t ON t.id = e.stream_id \(joins) WHERE e.seq = ?1",
                arguments: [seq]
            )
        }
        return try rows.map { try trace(db, $0) }
    }

    private static let columns = """
        SELECT e.seq, e.stream_id, t.name, CAST(e.external_id AS BLOB) AS external_id, e.kind, e.readable,
            e.occurred_ms, e.created_ms, e.fetched_ms, e.severity, CAST(e.category AS BLOB) AS category,
            CAST(e.action AS BLOB) AS action, CAST(e.message AS BLOB) AS message,
            CAST(e.user_name AS BLOB) AS user_name, length(CAST(r.raw AS BLOB)) AS raw_bytes,
            w.id AS window_id, w.reason, w.from_ms, w.to_ms, w.state, w.pages, w.seen, w.inserted,
                w.started_ms, w.finished_ms
        """
    private static let joins =
        "LEFT JOIN record r ON r.seq = e.seq LEFT JOIN fetch_window w ON w.id = e.window_id"

    private static func trace(_ db: Database, _ row: Row) throws -> EventTrace {
        let (seq, stream) = (Seq(row["seq"]), StreamID(row["stream_id"]))
        return EventTrace(
            seq: seq,
            stream: try Names.stream(row["name"]),
            id: row.wholeText("external_id"),
            kind: EventWords.kind(row["kind"]),
            isReadable: row["readable"],
            occurred: Timestamp(milliseconds: row["occurred_ms"]),
            created: Timestamp(milliseconds: row["created_ms"]),
            fetched: Timestamp(milliseconds: row["fetched_ms"]),
            severity: EventWords.severity(row["severity"]),
            category: row.wholeText("category"),
            action: row.wholeText("action"),
            message: row.wholeText("message"),
            userName: row.wholeText("user_name"),
            rawBytes: row["raw_bytes"] ?? 0,
            window: window(row),
            sinks: try sinks(db, of: seq, in: stream)
        )
    }

    private static func window(_ row: Row) -> TracedWindow? {
        guard let id = row["window_id"] as Int64? else { return nil }
        return TracedWindow(
            id: WindowID(id),
            reason: row["reason"],
            from: Timestamp(milliseconds: row["from_ms"]),
            to: Timestamp(milliseconds: row["to_ms"]),
            state: row["state"],
            pages: row["pages"],
            seen: row["seen"],
            inserted: row["inserted"],
            started: Timestamp(milliseconds: row["started_ms"]),
            finished: Timestamp(row["finished_ms"] as Int64?)
        )
    }

    private static func sinks(_ db: Database, of seq: Seq, in stream: StreamID) throws -> [TracedSink] {
        let rows = try Row.fetchAll(
            db,
            sql: """
                SELECT k.id, k.name, k.state, k.last_error, s.state AS taking, s.start_seq, s.watermark_seq
                FROM sink k LEFT JOIN subscription s ON s.sink_id = k.id AND s.stream_id = ?
                ORDER BY k.name
                """,
            arguments: [stream.value]
        )
        return try rows.compactMap { row in
            let sink = SinkID(row["id"])
            let deliveries = try deliveries(db, sink, stream, seq)
            let deadLetter = try deadLetter(db, sink, stream, seq)
            let replays = try replaysToCome(db, sink, stream, seq)
            let isTaking = (row["taking"] as String?) != nil
            guard isTaking || !deliveries.isEmpty || deadLetter != nil || !replays.isEmpty else { return nil }
            let live = live(row, seq, deliveries)
            return TracedSink(
                sink: SinkName(row["name"]),
                live: live,
                ahead: live == .waiting ? try ahead(db, stream, after: row["watermark_seq"], before: seq) : 0,
                state: row["state"],
                lastError: row["last_error"],
                deliveries: deliveries,
                deadLetter: deadLetter,
                replaysToCome: replays
            )
        }
    }

    private static func live(_ row: Row, _ seq: Seq, _ deliveries: [TracedDelivery]) -> TracedSink.Live {
        if deliveries.contains(where: { $0.replay == nil }) { return .settled }
        guard row["taking"] as String? == "active", let start = row["start_seq"] as Int64? else {
            return .notTaken
        }
        if seq.value <= start { return .beforeStart }
        return seq.value > row["watermark_seq"] as Int64 ? .waiting : .settled
    }

    private static func ahead(_ db: Database, _ stream: StreamID, after: Int64, before seq: Seq) throws -> Int
    {
        try Int.fetchOne(
            db,
            sql:
                "SELECT count(*) FROM event INDEXED BY event_stream "
                + "WHERE stream_id = ? AND seq > ? AND seq < ?",
            arguments: [stream.value, after, seq.value]
        ) ?? 0
    }

    private static func deliveries(_ db: Database, _ sink: SinkID, _ stream: StreamID, _ seq: Seq) throws
        -> [TracedDelivery]
    {
        let rows = try Row.fetchAll(
            db,
            sql: """
                SELECT l.id, l.replay_id, l.first_seq, l.last_seq, l.events, l.outcome, l.evidence,
                    \(SinkConnections.isDoubtfulSQL) AS doubtful,
                    \(SinkConnections.isPendingSQL) AS pending, l.bytes, l.attempts, l.sent_ms, l.settled_ms,
                    l.connection_id, c.address, c.transport, c.opened_ms, c.closed_ms, c.how,
                    ?3 IN (SELECT value FROM json_each(l.cut)) AS shortened
                FROM ledger l INDEXED BY ledger_range LEFT JOIN connection c ON c.id = l.connection_id
                WHERE l.sink_id = ?1 AND l.stream_id = ?2 AND l.last_seq >= ?3 AND l.first_seq <= ?3
                ORDER BY l.id
                """,
            arguments: [sink.value, stream.value, seq.value]
        )
        return rows.map { row in
            TracedDelivery(
                row: row["id"],
                replay: (row["replay_id"] as Int64?).map { ReplayID($0) },
                first: Seq(row["first_seq"]),
                last: Seq(row["last_seq"]),
                events: row["events"],
                outcome: row["outcome"],
                evidence: row["evidence"],
                isDoubtful: row["doubtful"] ?? false,
                isPending: row["pending"] ?? false,
                bytes: row["bytes"],
                isShortened: row["shortened"],
                attempts: row["attempts"],
                sent: Timestamp(milliseconds: row["sent_ms"]),
                settled: Timestamp(milliseconds: row["settled_ms"]),
                connection: (row["connection_id"] as Int64?).map { ConnectionID($0) },
                address: row["address"],
                transport: row["transport"],
                connectionOpened: Timestamp(row["opened_ms"] as Int64?),
                connectionClosed: Timestamp(row["closed_ms"] as Int64?),
                connectionEnd: row["how"]
            )
        }
    }

    private static func deadLetter(_ db: Database, _ sink: SinkID, _ stream: StreamID, _ seq: Seq) throws
        -> TracedDeadLetter?
    {
        try Row.fetchOne(
            db,
            sql: """
                SELECT reason, detail, attempts, at_ms, dismissed_ms FROM dead_letter
                WHERE sink_id = ? AND stream_id = ? AND seq = ?
                """,
            arguments: [sink.value, stream.value, seq.value]
        ).map { row in
            TracedDeadLetter(
                reason: row[0],
                detail: row[1],
                attempts: row[2],
                at: Timestamp(milliseconds: row[3]),
                dismissed: Timestamp(row[4] as Int64?)
            )
        }
    }

    private static func replaysToCome(_ db: Database, _ sink: SinkID, _ stream: StreamID, _ seq: Seq) throws
        -> [ReplayID]
    {
        try Int64.fetchAll(
            db,
            sql: """
                SELECT r.id FROM replay r
                JOIN replay_stream s ON s.replay_id = r.id AND s.stream_id = ?2
                JOIN event e ON e.seq = ?3
                WHERE r.sink_id = ?1 AND r.state IN ('running', 'paused')
                    AND ?3 > s.position AND ?3 <= s.end_seq
                    AND CASE r.mode
                        WHEN 'events'
                        THEN EXISTS (SELECT 1 FROM replay_event x WHERE x.replay_id = r.id AND x.seq = ?3)
                        ELSE CASE r.basis WHEN 'occurred' THEN e.occurred_ms ELSE e.created_ms END
                                >= r.from_ms
                            AND CASE r.basis WHEN 'occurred' THEN e.occurred_ms ELSE e.created_ms END
                                < r.to_ms
                    END
                ORDER BY r.id
                """,
            arguments: [sink.value, stream.value, seq.value]
        ).map { ReplayID($0) }
    }
}

/// What is known from fetching about one moment of a stream: how far the stream has been read, and which
/// windows cover the moment.
package struct StreamCoverage: Sendable, Codable, Equatable {
    package let stream: StreamName
    package let start: Timestamp?
    package let since: Timestamp?
    package let sweptTo: Timestamp?
    package let prunedTo: Timestamp?
    /// True when a complete window with the current filters covers the moment.
    package let isCovered: Bool
    /// True when the source returned nothing for a window there that was older than 30 days, which proves
    /// nothing.
    package let isUnproved: Bool
    /// Whether retention has deleted the requested event; nil where its id would not be kept.
    package let wasDeleted: Bool?
    /// The sinks that were not configured, and had not received the requested event, when retention deleted
    /// it.
    package let lostAt: [String]?

    package init(
        stream: StreamName,
        start: Timestamp?,
        since: Timestamp?,
        sweptTo: Timestamp?,
        prunedTo: Timestamp?,
        isCovered: Bool,
        isUnproved: Bool,
        wasDeleted: Bool? = nil,
        lostAt: [String]? = nil
    ) {
        self.wasDeleted = wasDeleted
        self.lostAt = lostAt
        self.stream = stream
        self.start = start
        self.since = since
        self.sweptTo = sweptTo
        self.prunedTo = prunedTo
        self.isCovered = isCovered
        self.isUnproved = isUnproved
    }

    private enum CodingKeys: String, CodingKey {
        case stream
        case start = "start_ms"
        case since = "since_ms"
        case sweptTo = "swept_to_ms"
        case prunedTo = "pruned_to_ms"
        case isCovered = "covered"
        case isUnproved = "unproved"
        case wasDeleted = "deleted"
        case lostAt = "lost_at"
    }
}

extension Spool {
    /// Traces the events with this id at their source, in any stream; if there is none and the text is a
    /// number, the event with this `seq`.
    package func trace(_ text: String) async throws(StoreError) -> [EventTrace] {
        try await read { try TraceQuery.events($0, named: text) }
    }

    /// The coverage of a moment on the stream's basis, and of an event of that time; nil for a stream that
    /// the spool does not have.
    package func coverage(of stream: StreamName, at moment: Timestamp, id: String? = nil)
        async throws(StoreError) -> StreamCoverage?
    {
        try await read { db in
            try Row.fetchOne(
                db,
                sql: """
                    SELECT t.start_ms, t.since_ms, t.swept_to_ms, t.pruned_to_ms,
                        EXISTS (SELECT 1 FROM fetch_window w WHERE w.stream_id = t.id AND w.from_ms <= ?2
                            AND w.to_ms > ?2 AND w.state = 'complete' AND w.filter_hash = t.filter_hash),
                        EXISTS (SELECT 1 FROM fetch_window w WHERE w.stream_id = t.id AND w.from_ms <= ?2
                            AND w.to_ms > ?2 AND w.state = 'unproved'),
                        t.id
                    FROM stream t WHERE t.name = ?1 AND t.replay_id IS NULL
                    """,
                arguments: [stream.description, moment.milliseconds]
            ).map { row in
                let (streamID, at) = (StreamID(row[6]), moment.milliseconds)
                let wasDeleted = try id.flatMap { id in
                    try PrunedPart(db, streamID, times: [at]).hasDeleted(id, at: at)
                }
                return StreamCoverage(
                    stream: stream,
                    start: Timestamp(row[0] as Int64?),
                    since: Timestamp(row[1] as Int64?),
                    sweptTo: Timestamp(row[2] as Int64?),
                    prunedTo: Timestamp(row[3] as Int64?),
                    isCovered: row[4],
                    isUnproved: row[5],
                    wasDeleted: wasDeleted,
                    lostAt: wasDeleted == nil
                        ? nil
                        : try id.map { id in
                            try PrunedIDs.sinks(db, thatLost: PrunedIDs.hash(id), of: streamID, at: at)
                        }
                )
            }
        }
    }
}
