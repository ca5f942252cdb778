import GRDB
import SpoolCore

/// The sink of a request, with the streams to replay.
struct ReplayTarget: Sendable {
    struct Subscription: Sendable {
        let stream: StreamID
        /// The last event that the replay may send.
        let watermark: Int64
    }

    /// Nil for an ad-hoc destination.
    let sink: SinkID?
    let subscriptions: [Subscription]
    /// Events per second that the sink accepted when it was last under sustained load.
    let rate: Double?

    /// - Throws: `.invalid` for an empty window, an unknown sink, or a stream to which it does not subscribe.
    init(_ db: Database, _ request: ReplayRequest) throws {
        guard request.from < request.to else {
            throw StoreError(.invalid, "The window ends (\(request.to)) before it begins (\(request.from)).")
        }
        if request.destination != nil {
            self = try Self(adHoc: db, request)
            return
        }
        guard let sink = try SinkTopology.id(db, request.sink) else {
            throw StoreError(.invalid, "The spool has no sink named \(request.sink). See `spool status`.")
        }
        self.sink = sink
        rate = try Double.fetchOne(db, sql: "SELECT rate FROM sink WHERE id = ?", arguments: [sink.value])
        let rows = try Row.fetchAll(
            db,
            sql: """
                SELECT s.stream_id, t.name, s.watermark_seq
                FROM subscription s JOIN stream t ON t.id = s.stream_id
                WHERE s.sink_id = ? AND s.state <> 'left' ORDER BY s.stream_id
                """,
            arguments: [sink.value]
        )
        subscriptions = try Self.wanted(rows, request) {
            "Sink \(request.sink) does not subscribe to stream \($0)."
        }
        guard !subscriptions.isEmpty else {
            let what =
                rows.isEmpty
                ? "does not subscribe to any stream; there is nothing to replay."
                : "receives only the spool's own notifications; "
                    + "`--stream \(StreamName.notifications)` sends them again."
            throw StoreError(.invalid, "Sink \(request.sink) \(what)")
        }
    }

    /// An ad-hoc destination may receive every stream, up to its last event at this time.
    private init(adHoc db: Database, _ request: ReplayRequest) throws {
        guard !request.missingOnly else {
            throw StoreError(
                .invalid,
                "An ad-hoc destination has no ledger that shows what is missing; omit --missing-only."
            )
        }
        sink = nil
        rate = nil
        let rows = try Row.fetchAll(
            db,
            sql: """
                SELECT id, name, coalesce((SELECT max(e.seq) FROM event e WHERE e.stream_id = stream.id), 0)
                FROM stream WHERE replay_id IS NULL ORDER BY id
                """
        )
        subscriptions = try Self.wanted(rows, request) {
            "The spool has no stream \($0). See `spool status`."
        }
        guard !subscriptions.isEmpty else {
            throw StoreError(.invalid, "The spool has no stream; there is nothing to replay.")
        }
    }

    /// The requested streams.
    ///
    /// Old notifications that are sent again would look like new ones, so the spool's own notifications are
    /// included only when requested by name.
    private static func wanted(
        _ rows: [Row],
        _ request: ReplayRequest,
        unknown: (StreamName) -> String
    ) throws -> [Subscription] {
        var taken: Set<StreamName> = []
        var subscriptions: [Subscription] = []
        for row in rows {
            let name = try Names.stream(row[1])
            guard request.streams?.contains(name) ?? (name != .notifications) else { continue }
            taken.insert(name)
            subscriptions.append(Subscription(stream: StreamID(row[0]), watermark: row[2]))
        }
        for name in request.streams ?? [] where !taken.contains(name) {
            throw StoreError(.invalid, unknown(name))
        }
        return subscriptions
    }
}

/// The row of an ad-hoc destination in `sink`: its ledger and its state need one; it is removed with its
/// replay.
enum AdHocSink {
    /// Inserts the row; its replay does not exist yet.
    static func make(_ db: Database, at now: Timestamp) throws -> SinkID {
        let id = try FreshID.next(db, in: .sink)
        // The `@` distinguishes it from every name that a configuration can contain.
        try db.execute(
            sql: """
                INSERT INTO sink (id, name, type, state_since_ms, replay_id)
                VALUES (?, 'destination@', 'syslog', ?, 0)
                """,
            arguments: [id, now.milliseconds]
        )
        return SinkID(id)
    }

    static func belong(_ db: Database, _ sink: SinkID, to replay: ReplayID) throws {
        try db.execute(
            sql: "UPDATE sink SET name = ?, replay_id = ? WHERE id = ?",
            arguments: ["destination@replay-\(replay)", replay.value, sink.value]
        )
    }

    /// Disables the destination of a replay that has ended: nothing more is sent there, and its dead letters
    /// no longer keep their events.
    static func disable(_ db: Database, of replay: ReplayID, at now: Timestamp) throws {
        try db.execute(
            sql: """
                UPDATE sink SET state = 'disabled', state_since_ms = ?, retry_at_ms = NULL
                WHERE replay_id = ? AND state <> 'disabled'
                """,
            arguments: [now.milliseconds, replay.value]
        )
        try db.execute(
            sql: """
                UPDATE dead_letter SET dismissed_ms = ?
                WHERE dismissed_ms IS NULL AND sink_id IN (SELECT id FROM sink WHERE replay_id = ?)
                """,
            arguments: [now.milliseconds, replay.value]
        )
    }
}
