import GRDB
import SpoolCore

/// The plan of a replay of one stream, computed from every event of its window.
struct ReplayPlan: Sendable {
    let stream: StreamID
    /// The sink's watermark: later events are delivered by the live lane.
    let last: Int64
    private(set) var estimate = ReplayEstimate()
    /// The first and the last event to send.
    private(set) var first: Int64?
    private(set) var end: Int64?
    private let missingOnly: Bool
    private var map: LedgerMap
    private let deadLetters: Set<Int64>

    /// Creates an empty plan; without `sink`, for an ad-hoc destination, which has received nothing yet.
    init(_ db: Database, sink: SinkID?, subscription: ReplayTarget.Subscription, missingOnly: Bool) throws {
        stream = subscription.stream
        last = subscription.watermark
        self.missingOnly = missingOnly
        guard let sink else {
            map = LedgerMap()
            deadLetters = []
            return
        }
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

    /// Adds the next event of the window to the plan.
    mutating func look(at seq: Int64) {
        guard seq <= last else {
            estimate.stillToComeLive += 1
            return
        }
        estimate.inWindow += 1
        var isThere = true
        if map.acknowledged.contains(seq) {
            estimate.acknowledged += 1
        } else if map.kernel.contains(seq) || map.pending.contains(seq) {
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

/// What the spool contains of streams, from their rows and the two ends of an index.
enum Holdings {
    static func all(_ db: Database, _ streams: [StreamID], basis: ReplayBasis) throws
        -> [ReplayEstimate.Holding]
    {
        try streams.compactMap { stream in
            try Row.fetchOne(db, sql: sql(basis), arguments: [stream.value]).map(holding)
        }
    }

    static func sql(_ basis: ReplayBasis) -> String {
        let (column, index) = ("\(basis.rawValue)_ms", "event_\(basis.rawValue)")
        func end(_ order: String) -> String {
            """
            (SELECT \(column) FROM event INDEXED BY \(index) WHERE stream_id = ?1
                ORDER BY \(column) \(order) LIMIT 1)
            """
        }
        return """
            SELECT name, kept, start_ms, pruned_to_ms,
                max(coalesce(since_ms, polled_to_ms), coalesce(polled_to_ms, since_ms)),
                \(end("ASC")), \(end("DESC"))
            FROM stream WHERE id = ?1
            """
    }

    private static func holding(_ row: Row) throws -> ReplayEstimate.Holding {
        ReplayEstimate.Holding(
            name: try Names.stream(row[0]),
            events: row[1],
            oldest: Timestamp(row[5] as Int64?),
            newest: Timestamp(row[6] as Int64?),
            start: Timestamp(row[2] as Int64?),
            prunedTo: Timestamp(row[3] as Int64?),
            readTo: Timestamp(row[4] as Int64?)
        )
    }
}

/// The observed rate of a sink that was never under load for long enough to measure its capacity.
enum SeenRates {
    /// Ledger rows examined: a few milliseconds, regardless of the spool's size.
    private static let rows = 20_000

    /// The greatest recorded rate; nil when nothing has been sent there yet.
    static func rate(_ db: Database, _ request: ReplayRequest, sink: SinkID?) throws
        -> ReplayEstimate.SeenRate?
    {
        if let destination = request.destination { return try last(db, to: destination) }
        guard let sink else { return nil }
        let minute = try value(db, minuteSQL, [sink.value])
            .map { ReplayEstimate.SeenRate(rate: $0, basis: .minute) }
        let ledger = try value(db, ledgerSQL, [sink.value, rows])
            .map { ReplayEstimate.SeenRate(rate: $0, basis: .ledger) }
        return [minute, ledger].compactMap { $0 }.max { $0.rate < $1.rate }
    }

    /// The rate between two samples; an interval longer than five minutes means that no daemon ran.
    private static let minuteSQL = """
        SELECT max((settled - settled_before) * 1000.0 / (at_ms - before_ms)) FROM (
            SELECT at_ms, settled, lag(settled) OVER times AS settled_before,
                lag(at_ms) OVER times AS before_ms
            FROM sink_sample WHERE sink_id = ?1 WINDOW times AS (ORDER BY at_ms))
        WHERE at_ms - before_ms BETWEEN 1000 AND 300000
        """

    /// The rate of single rows, and of all rows settled within ten seconds, because several batches may have
    /// been in flight together.
    ///
    /// A row that took less than one second does not show a rate; it counts as one second.
    private static let ledgerSQL = """
        SELECT max(rate) FROM (
            SELECT max(sum(events) / 10.0, max(events * 1000.0 / max(settled_ms - sent_ms, 1000))) AS rate
            FROM ledger
            WHERE sink_id = ?1 AND outcome = 'delivered' AND id > (SELECT max(id) FROM ledger) - ?2
            GROUP BY settled_ms / 10000)
        """

    /// A destination has no samples, and its ledger is removed with its replay, so the times of the replay
    /// are used.
    private static func last(_ db: Database, to destination: String) throws -> ReplayEstimate.SeenRate? {
        try value(
            db,
            """
            SELECT sent * 1000.0 / max(finished_ms - created_ms, 1000) FROM replay
            WHERE destination = ?1 AND state = 'disabled' AND refetch = 0 AND rate IS NULL AND sent > 0
            ORDER BY id DESC LIMIT 1
            """,
            [destination]
        ).map { ReplayEstimate.SeenRate(rate: $0, basis: .replay) }
    }

    private static func value(_ db: Database, _ sql: String, _ arguments: StatementArguments) throws
        -> Double?
    {
        try Double.fetchOne(db, sql: sql, arguments: arguments).flatMap { $0 > 0 ? $0 : nil }
    }
}
