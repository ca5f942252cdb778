import GRDB
package import SpoolCore

/// What charts show of a stream in one time step.
package struct StreamStep: Sendable, Equatable {
    /// Total events inserted into it, at the first and at the last sample of the step.
    package var first: Int
    package var last: Int

    package init(first: Int, last: Int) {
        self.first = first
        self.last = last
    }
}

/// What charts show of a sink in one time step.
package struct SinkStep: Sendable, Equatable {
    /// Total events settled for it, at the first and at the last sample of the step.
    package var first: Int
    package var last: Int
    /// The greatest number of pending events in the step, and the number at the last sample.
    package var peak: Int
    package var waiting: Int

    package init(first: Int, last: Int, peak: Int, waiting: Int) {
        self.first = first
        self.last = last
        self.peak = peak
        self.waiting = waiting
    }
}

/// Samples of a time range, aggregated into steps of equal length.
///
/// Steps without samples, in which no daemon ran, are missing.
package struct SampleHistory: Sendable, Equatable {
    /// The beginning of step 0.
    package var from: Timestamp
    package var step: Duration
    package var count: Int
    package var streams: [StreamID: [Int: StreamStep]] = [:]
    package var sinks: [SinkID: [Int: SinkStep]] = [:]

    package init(from: Timestamp, step: Duration, count: Int) {
        self.from = from
        self.step = step
        self.count = count
    }
}

extension Spool {
    /// How long samples are kept.
    package static let samplesKept = Duration.days(2)

    /// Records the current counters, and deletes samples older than `samplesKept`.
    package func sample(at now: Timestamp) async throws(StoreError) {
        try await write(mayUseReserve: false) { db in
            try db.cachedStatement(
                sql:
                    "INSERT OR REPLACE INTO stream_sample SELECT ?1, id, inserted FROM stream "
                    + "WHERE is_configured"
            ).execute(arguments: [now.milliseconds])
            try db.cachedStatement(
                sql: """
                    INSERT OR REPLACE INTO sink_sample
                    SELECT ?1, s.sink_id, sum(s.delivered + s.filtered + s.refused + s.replayed),
                        sum(t.inserted - s.passed)
                    FROM subscription s JOIN sink k ON k.id = s.sink_id JOIN stream t ON t.id = s.stream_id
                    WHERE k.state <> 'disabled' GROUP BY s.sink_id
                    """
            ).execute(arguments: [now.milliseconds])
            let oldest = (now - Self.samplesKept).milliseconds
            for table in ["stream_sample", "sink_sample"] {
                try db.cachedStatement(sql: "DELETE FROM \(table) WHERE at_ms < ?").execute(arguments: [
                    oldest
                ])
            }
        }
    }

    /// Samples of `count` steps from `from` on; the cost depends only on the number of samples, not on the
    /// events.
    package func history(from: Timestamp, step: Duration, count: Int) async throws(StoreError)
        -> SampleHistory
    {
        try await read { db in
            var history = SampleHistory(from: from, step: step, count: count)
            let bounds: StatementArguments = [
                from.milliseconds, step.milliseconds, from.milliseconds + step.milliseconds * Int64(count),
            ]
            let streams = try Row.fetchCursor(
                db,
                sql: """
                    SELECT stream_id, (at_ms - ?1) / ?2 AS step, min(inserted), max(inserted)
                    FROM stream_sample WHERE at_ms >= ?1 AND at_ms < ?3 GROUP BY stream_id, step
                    """,
                arguments: bounds
            )
            while let row = try streams.next() {
                history.streams[StreamID(row[0]), default: [:]][row[1]] = StreamStep(
                    first: row[2],
                    last: row[3]
                )
            }
            // The last row of each step has the number of pending events at its end.
            let sinks = try Row.fetchCursor(
                db,
                sql: """
                    SELECT a.sink_id, a.step, a.first, a.last, a.peak, w.waiting FROM (
                        SELECT sink_id, (at_ms - ?1) / ?2 AS step,
                            min(settled) AS first, max(settled) AS last,
                            max(waiting) AS peak, max(at_ms) AS at_ms
                        FROM sink_sample WHERE at_ms >= ?1 AND at_ms < ?3 GROUP BY sink_id, step) AS a
                    JOIN sink_sample w ON w.at_ms = a.at_ms AND w.sink_id = a.sink_id
                    """,
                arguments: bounds
            )
            while let row = try sinks.next() {
                history.sinks[SinkID(row[0]), default: [:]][row[1]] =
                    SinkStep(first: row[2], last: row[3], peak: row[4], waiting: row[5])
            }
            return history
        }
    }
}
