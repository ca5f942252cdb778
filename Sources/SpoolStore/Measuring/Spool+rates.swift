import GRDB
package import SpoolCore

/// Events per minute of each stream and each sink.
package struct SpoolRates: Sendable, Equatable {
    /// Fetched events.
    package var streams: [StreamID: Int] = [:]
    /// Settled events, live and by replays.
    package var sinks: [SinkID: Int] = [:]

    package init() {}
}

/// The value of a counter at a point in time.
struct CounterSample: Equatable {
    let at: Timestamp
    let count: Int
}

extension SpoolRates {
    /// How old a sample may be that a rate is computed from.
    static let reach = Duration.minutes(5)

    /// Events over the last minute, from a counter's value now and its samples, oldest first.
    ///
    /// The base is the newest sample that is at least one minute old. If the daemon has not run that long, it
    /// is the first sample, because nothing was counted before.
    static func perMinute(_ now: CounterSample, since samples: [CounterSample]) -> Int {
        let known = samples.filter { now.at.since($0.at) <= reach && $0.at <= now.at }
        guard let base = known.last(where: { now.at.since($0.at) >= .minutes(1) }) ?? known.first else {
            return 0
        }
        let events = max(0, now.count - base.count)
        let seconds = Double(now.at.since(base.at).milliseconds) / 1_000
        return seconds <= 60 ? events : Int((Double(events) * 60 / seconds).rounded())
    }
}

extension Spool {
    /// Events over the last minute; zero when no daemon has run during the last five minutes.
    package func rates(at now: Timestamp) async throws(StoreError) -> SpoolRates {
        try await read { db in
            var rates = SpoolRates()
            let streams = try Self.perMinute(
                db,
                now,
                current: "SELECT id, inserted FROM stream",
                samples:
                    "SELECT stream_id, at_ms, inserted FROM stream_sample WHERE at_ms >= ? ORDER BY at_ms"
            )
            for (id, rate) in streams { rates.streams[StreamID(id)] = rate }
            let sinks = try Self.perMinute(
                db,
                now,
                current: """
                    SELECT sink_id, sum(delivered + filtered + refused + replayed) FROM subscription
                    GROUP BY sink_id
                    """,
                samples: "SELECT sink_id, at_ms, settled FROM sink_sample WHERE at_ms >= ? ORDER BY at_ms"
            )
            for (id, rate) in sinks { rates.sinks[SinkID(id)] = rate }
            return rates
        }
    }

    private static func perMinute(_ db: Database, _ now: Timestamp, current: String, samples: String) throws
        -> [Int64: Int]
    {
        var known: [Int64: [CounterSample]] = [:]
        let oldest = (now - SpoolRates.reach).milliseconds
        for row in try Row.fetchAll(db, sql: samples, arguments: [oldest]) {
            known[row[0], default: []].append(
                CounterSample(at: Timestamp(milliseconds: row[1]), count: row[2])
            )
        }
        return try Row.fetchAll(db, sql: current).reduce(into: [:]) { rates, row in
            rates[row[0]] = SpoolRates.perMinute(
                CounterSample(at: now, count: row[1]),
                since: known[row[0]] ?? []
            )
        }
    }
}

extension Spool {
    /// Total number of failed attempts of each sink to connect or to have a batch settled.
    package func failures() async throws(StoreError) -> [SinkID: Int] {
        try await read { db in
            try Row.fetchAll(db, sql: "SELECT id, failures FROM sink").reduce(into: [:]) {
                $0[SinkID($1[0])] = $1[1]
            }
        }
    }
}
