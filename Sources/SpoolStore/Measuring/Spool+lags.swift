import GRDB
package import SpoolCore

/// The events and ledger rows up to which lags have been measured.
package struct LagPosition: Sendable, Equatable {
    var seq: Int64
    var ledger: Int64
}

/// The lags of a slice of new events and ledger rows: from the source to the spool, and from the spool to the
/// sinks.
package struct LagSlice: Sendable, Equatable {
    /// Lags from `created` to `fetched`, by stream.
    package var streams: [StreamID: LagHistogram] = [:]
    /// Lags from `fetched` to `settled` of live delivery, by sink.
    package var sinks: [SinkID: LagHistogram] = [:]
    /// Where the next slice begins.
    package var next: LagPosition
    /// True when there may be more.
    package var isCut: Bool
}

extension Spool {
    /// The current end; only later events and ledger rows are measured.
    package func lagPosition() async throws(StoreError) -> LagPosition {
        try await read { db in
            LagPosition(
                seq: try Int64.fetchOne(db, sql: "SELECT max(seq) FROM event") ?? 0,
                ledger: try Int64.fetchOne(db, sql: "SELECT max(id) FROM ledger") ?? 0
            )
        }
    }

    /// Measures at most `limit` events and a tenth as many ledger rows after a position, in one short read.
    package func lags(after position: LagPosition, limit: Int = 10_000) async throws(StoreError) -> LagSlice {
        try await read { db in
            var slice = LagSlice(next: position, isCut: false)
            try LagReading.events(db, &slice, limit)
            try LagReading.ledger(db, &slice, limit / 10)
            return slice
        }
    }
}

private enum LagReading {
    static func events(_ db: Database, _ slice: inout LagSlice, _ limit: Int) throws {
        let statement = try RawStatement(
            db,
            "SELECT seq, stream_id, fetched_ms - created_ms FROM event WHERE seq > ?1 ORDER BY seq LIMIT ?2"
        )
        defer { statement.release() }
        statement.bind(slice.next.seq, at: 1)
        statement.bind(Int64(limit), at: 2)
        var rows = 0
        while try statement.step() {
            rows += 1
            slice.next.seq = statement.int(0)
            slice.streams[StreamID(statement.int(1)), default: LagHistogram()].add(
                milliseconds: statement.int(2)
            )
        }
        if rows == limit { slice.isCut = true }
    }

    static func ledger(_ db: Database, _ slice: inout LagSlice, _ limit: Int) throws {
        // Retention may have deleted the last rows; their ids are then reused.
        let last = try Int64.fetchOne(db, sql: "SELECT max(id) FROM ledger") ?? 0
        slice.next.ledger = min(slice.next.ledger, last)
        let rows = try Row.fetchAll(
            db.cachedStatement(
                sql: """
                    SELECT id, sink_id, stream_id, first_seq, last_seq, events, settled_ms, replay_id IS NULL
                    FROM ledger WHERE id > ? ORDER BY id LIMIT ?
                    """
            ),
            arguments: [slice.next.ledger, limit]
        )
        var looked = 0
        for row in rows {
            slice.next.ledger = row[0]
            guard row[7] else { continue }
            looked += try add(db, row, to: &slice.sinks[SinkID(row[1]), default: LagHistogram()])
            // After an outage each row may cover events of very different ages.
            if looked >= limit * 10 { break }
        }
        if rows.count == limit || looked >= limit * 10 { slice.isCut = true }
    }

    /// Events are in the order of fetching, so when both ends of a range fall into the same bucket, so do all
    /// events between them; otherwise each event is read.
    ///
    /// - Returns: how many events were read.
    private static func add(_ db: Database, _ row: Row, to histogram: inout LagHistogram) throws -> Int {
        let (stream, first, last, settled): (Int64, Int64, Int64, Int64) = (row[2], row[3], row[4], row[6])
        let ends = try [first, last].compactMap { seq in
            try Int64.fetchOne(
                db.cachedStatement(sql: "SELECT fetched_ms FROM event WHERE seq = ?"),
                arguments: [seq]
            ).map { settled - $0 }
        }
        if ends.count == 2, LagHistogram.index(ends[0]) == LagHistogram.index(ends[1]) {
            histogram.add(milliseconds: (ends[0] + ends[1]) / 2, events: row[5])
            return 0
        }
        let each = try RawStatement(
            db,
            "SELECT ?4 - fetched_ms FROM event WHERE stream_id = ?1 AND seq BETWEEN ?2 AND ?3"
        )
        defer { each.release() }
        for (index, value) in [stream, first, last, settled].enumerated() {
            each.bind(value, at: Int32(index + 1))
        }
        var looked = 0
        while try each.step() {
            histogram.add(milliseconds: each.int(0))
            looked += 1
        }
        return looked
    }
}

/// A histogram of lags with fixed bounds, from one second to one day.
package struct LagHistogram: Sendable, Equatable {
    /// Upper bounds, inclusive, in seconds; longer lags are counted after the last.
    package static let bounds: [Int64] = [1, 5, 15, 30, 60, 120, 300, 600, 1_800, 3_600, 21_600, 86_400]

    /// Events per bucket, not cumulative; the last bucket is above all bounds.
    package private(set) var counts = [Int](repeating: 0, count: bounds.count + 1)
    /// Sum of all lags, in milliseconds.
    package private(set) var sum: Int64 = 0

    package init() {}

    /// Number of all events.
    package var count: Int { counts.reduce(0, +) }

    /// The bucket of a lag; a negative lag, caused by differing clocks, counts as zero.
    static func index(_ milliseconds: Int64) -> Int {
        bounds.firstIndex { milliseconds <= $0 * 1_000 } ?? bounds.count
    }

    package mutating func add(milliseconds: Int64, events: Int = 1) {
        let lag = max(0, milliseconds)
        counts[Self.index(lag)] += events
        sum += lag * Int64(events)
    }

    package mutating func add(_ other: LagHistogram) {
        for index in counts.indices { counts[index] += other.counts[index] }
        sum += other.sum
    }
}
