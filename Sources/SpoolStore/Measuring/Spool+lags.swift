import GRDB
package import SpoolCore

/// Up to where events and ledger rows have been measured.
package struct LagPosition: Sendable, Equatable {
    var seq: Int64
    var ledger: Int64
}

/// What a slice of new events and ledger rows took: from the source into the spool, and on to the sinks.
package struct LagSlice: Sendable, Equatable {
    /// From `created` to `fetched`, by stream.
    package var streams: [StreamID: LagHistogram] = [:]
    /// From `fetched` to `settled`, live, by sink.
    package var sinks: [SinkID: LagHistogram] = [:]
    /// Where the next slice begins.
    package var next: LagPosition
    /// True when there may be more.
    package var isCut: Bool
}

extension Spool {
    /// The end of what is there now; what comes after it is to be measured.
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
        // Retention may have taken the last rows; their numbers come again.
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
            // After an outage each row may be of events of very different ages.
            if looked >= limit * 10 { break }
        }
        if rows.count == limit || looked >= limit * 10 { slice.isCut = true }
    }

    /// Events come in the order in which they were fetched, so that both ends of a range tell of all between
    /// when they fall under the same bound; only else is each looked at.
    ///
    /// - Returns: how many were looked at.
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
