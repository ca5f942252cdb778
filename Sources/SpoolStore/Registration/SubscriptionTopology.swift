import GRDB
import SpoolCore

/// Registers a sink's subscriptions: which begin, which continue, which are no longer configured.
enum SubscriptionTopology {
    /// - Returns: the streams whose subscription cannot begin.
    static func register(
        _ db: Database,
        _ sink: Topology.Sink,
        id: SinkID,
        streams: [StreamName: StreamID]
    ) throws -> [StreamName] {
        var unstarted: [StreamName] = []
        var taken: [Int64] = []
        for name in sink.streams {
            guard let stream = streams[name] else {
                throw StoreError(
                    .invalid,
                    "Sink \(sink.name) subscribes to stream \(name), which is not configured."
                )
            }
            taken.append(stream.value)
            let state =
                try String.fetchOne(
                    db,
                    sql: "SELECT state FROM subscription WHERE sink_id = ? AND stream_id = ?",
                    arguments: [id.value, stream.value]
                ) ?? make(db, id, stream)
            switch state {
            case "active": break
            case "left": try goOn(db, id, stream, start: sink.start, orNote: name, in: &unstarted)
            default:
                // A sink that newly subscribes to notifications does not receive old ones.
                let start = sink.start ?? (name == .notifications ? .now : nil)
                try begin(db, id, stream, start: start, orNote: name, in: &unstarted)
            }
        }
        try leave(db, id, allBut: taken)
        return unstarted
    }

    /// Inserts a new subscription; it begins immediately if its stream has no events.
    private static func make(_ db: Database, _ sink: SinkID, _ stream: StreamID) throws -> String {
        let hasEvents = try greatest(db, stream) > 0
        try db.execute(
            sql: """
                INSERT INTO subscription (sink_id, stream_id, state, start_seq, watermark_seq, passed)
                SELECT ?, id, ?, ?, 0, inserted - kept FROM stream WHERE id = ?
                """,
            arguments: [
                sink.value, hasEvents ? "held" : "active", hasEvents ? nil : 0, stream.value,
            ]
        )
        return hasEvents ? "held" : "active"
    }

    private static func begin(
        _ db: Database,
        _ sink: SinkID,
        _ stream: StreamID,
        start: SubscriptionStart?,
        orNote name: StreamName,
        in unstarted: inout [StreamName]
    ) throws {
        guard let start else {
            unstarted.append(name)
            return
        }
        let seq = try place(db, stream, start)
        try db.execute(
            sql: """
                UPDATE subscription SET state = 'active', start_seq = ?, watermark_seq = ?, passed =
                    (SELECT inserted FROM stream WHERE id = stream_id)
                    - (SELECT count(*) FROM event e WHERE e.stream_id = subscription.stream_id AND e.seq > ?)
                WHERE sink_id = ? AND stream_id = ?
                """,
            arguments: [seq, seq, seq, sink.value, stream.value]
        )
    }

    /// Continues a subscription that is configured again at its watermark, unless it had never begun.
    private static func goOn(
        _ db: Database,
        _ sink: SinkID,
        _ stream: StreamID,
        start: SubscriptionStart?,
        orNote name: StreamName,
        in unstarted: inout [StreamName]
    ) throws {
        try db.execute(
            sql: """
                UPDATE subscription SET state = CASE WHEN start_seq IS NULL THEN 'held' ELSE 'active' END,
                    left_ms = NULL
                WHERE sink_id = ? AND stream_id = ?
                """,
            arguments: [sink.value, stream.value]
        )
        let hasBegun = try Bool.fetchOne(
            db,
            sql: "SELECT start_seq IS NOT NULL FROM subscription WHERE sink_id = ? AND stream_id = ?",
            arguments: [sink.value, stream.value]
        )
        if hasBegun != true {
            try begin(db, sink, stream, start: start, orNote: name, in: &unstarted)
        }
    }

    /// Marks subscriptions that the sink no longer lists; those to a stream that is no longer configured, and
    /// thus cannot be listed, stay.
    private static func leave(_ db: Database, _ sink: SinkID, allBut taken: [Int64]) throws {
        try db.execute(
            sql: """
                UPDATE subscription SET state = 'left'
                WHERE sink_id = ? AND state <> 'left'
                    AND stream_id NOT IN (SELECT value FROM json_each(?))
                    AND stream_id IN (SELECT id FROM stream WHERE is_configured = 1)
                """,
            arguments: [sink.value, try JSONColumn.text(taken)]
        )
        try db.execute(
            sql: """
                UPDATE subscription SET state = CASE WHEN start_seq IS NULL THEN 'held' ELSE 'active' END,
                    left_ms = NULL
                WHERE sink_id = ? AND state = 'left'
                    AND stream_id IN (SELECT id FROM stream WHERE is_configured = 0 AND replay_id IS NULL)
                """,
            arguments: [sink.value]
        )
    }

    /// The event after which a subscription with this start begins.
    private static func place(_ db: Database, _ stream: StreamID, _ start: SubscriptionStart) throws -> Int64
    {
        switch start {
        case .now: return try greatest(db, stream)
        case .beginning: return 0
        case .time(let time):
            let first = try Int64.fetchOne(
                db,
                sql: """
                    SELECT min(seq) FROM event INDEXED BY event_occurred
                    WHERE stream_id = ? AND occurred_ms >= ?
                    """,
                arguments: [stream.value, time.milliseconds]
            )
            return try first.map { $0 - 1 } ?? greatest(db, stream)
        }
    }

    private static func greatest(_ db: Database, _ stream: StreamID) throws -> Int64 {
        try Int64.fetchOne(
            db,
            sql: "SELECT max(seq) FROM event WHERE stream_id = ?",
            arguments: [stream.value]
        ) ?? 0
    }
}
