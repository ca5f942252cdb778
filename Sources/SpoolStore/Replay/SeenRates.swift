import GRDB
import SpoolCore

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
