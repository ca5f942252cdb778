import GRDB
import SpoolCore

/// What a replay of one stream comes to, found by looking at every event of its window.
struct ReplayPlan: Sendable {
    let stream: StreamID
    /// The sink's watermark: what lies above is the live lane's.
    let last: Int64
    private(set) var estimate = ReplayEstimate()
    /// The first and the last event to send.
    private(set) var first: Int64?
    private(set) var end: Int64?
    private let missingOnly: Bool
    private var map: LedgerMap
    private let deadLetters: Set<Int64>

    init(_ db: Database, sink: SinkID, subscription: ReplayTarget.Subscription, missingOnly: Bool) throws {
        stream = subscription.stream
        last = subscription.watermark
        self.missingOnly = missingOnly
        map = try LedgerMap(db, sink: sink, stream: stream, after: 0, through: .max)
        deadLetters = Set(
            try Int64.fetchAll(
                db,
                sql: """
                    SELECT seq FROM dead_letter
                    WHERE sink_id = ? AND stream_id = ? AND dismissed_ms IS NULL
                    """,
                arguments: [sink.value, stream.value]
            )
        )
    }

    /// Takes the next event of the window into account.
    mutating func look(at seq: Int64) {
        guard seq <= last else {
            estimate.stillToComeLive += 1
            return
        }
        estimate.inWindow += 1
        var isThere = true
        if map.acknowledged.contains(seq) {
            estimate.acknowledged += 1
        } else if map.kernel.contains(seq) {
            estimate.kernel += 1
        } else if map.sent.contains(seq) {
            estimate.sent += 1
        } else {
            isThere = false
            if map.doubtful.contains(seq) { estimate.doubtful += 1 }
            if deadLetters.contains(seq) { estimate.deadLetters += 1 }
        }
        if missingOnly, isThere || map.dismissed.contains(seq) { return }
        estimate.toSend += 1
        first = min(first ?? seq, seq)
        end = max(end ?? seq, seq)
    }
}

extension ReplayEstimate {
    static func + (left: Self, right: Self) -> Self {
        ReplayEstimate(
            inWindow: left.inWindow + right.inWindow,
            toSend: left.toSend + right.toSend,
            acknowledged: left.acknowledged + right.acknowledged,
            kernel: left.kernel + right.kernel,
            sent: left.sent + right.sent,
            doubtful: left.doubtful + right.doubtful,
            deadLetters: left.deadLetters + right.deadLetters,
            stillToComeLive: left.stillToComeLive + right.stillToComeLive
        )
    }
}

/// The sink of a request, with the streams it is to be sent again.
struct ReplayTarget: Sendable {
    struct Subscription: Sendable {
        let stream: StreamID
        let watermark: Int64
    }

    let sink: SinkID
    let subscriptions: [Subscription]

    /// - Throws: `.invalid` for an empty window, an unknown sink, or a stream it does not take.
    init(_ db: Database, _ request: ReplayRequest) throws {
        guard request.from < request.to else {
            throw StoreError(.invalid, "The window ends (\(request.to)) before it begins (\(request.from)).")
        }
        guard let sink = try SinkRoster.id(db, request.sink) else {
            throw StoreError(.invalid, "The spool has no sink named \(request.sink). See `spool status`.")
        }
        self.sink = sink
        var subscriptions: [Subscription] = []
        var taken: Set<StreamName> = []
        let rows = try Row.fetchAll(
            db,
            sql: """
                SELECT s.stream_id, t.name, s.watermark_seq
                FROM subscription s JOIN stream t ON t.id = s.stream_id
                WHERE s.sink_id = ? AND s.state <> 'left' ORDER BY s.stream_id
                """,
            arguments: [sink.value]
        )
        for row in rows {
            let name = try Names.stream(row[1])
            if let wanted = request.streams, !wanted.contains(name) { continue }
            taken.insert(name)
            subscriptions.append(Subscription(stream: StreamID(row[0]), watermark: row[2]))
        }
        for name in request.streams ?? [] where !taken.contains(name) {
            throw StoreError(.invalid, "Sink \(request.sink) does not take stream \(name).")
        }
        guard !subscriptions.isEmpty else {
            throw StoreError(.invalid, "Sink \(request.sink) takes no stream; there is nothing to replay.")
        }
        self.subscriptions = subscriptions
    }
}
