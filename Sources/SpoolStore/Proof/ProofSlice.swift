import GRDB
package import SpoolCore

/// A slice of a window's events on the stream's basis, with the delivery state of each at every sink.
package struct ProofSlice: Sendable {
    package struct Row: Sendable {
        package let seq: Seq
        package let id: String
        package let isReadable: Bool
        /// One for each requested sink.
        package fileprivate(set) var standings: [DeliveryStanding]
    }

    /// Where the next slice begins.
    package struct Place: Sendable, Equatable {
        fileprivate let time: Int64
        fileprivate let seq: Int64

        /// The beginning of a window.
        package init(from: Timestamp) {
            time = from.milliseconds
            seq = -1
        }

        fileprivate init(time: Int64, seq: Int64) {
            self.time = time
            self.seq = seq
        }
    }

    /// Rows per slice, about 20 ms.
    static let rows = 10_000

    package let rows: [Row]
    /// Nil after the last slice.
    package let next: Place?

    static let sql = """
        SELECT created_ms, seq, external_id, readable FROM event INDEXED BY event_created
        WHERE stream_id = ? AND created_ms >= ? AND created_ms < ? AND (created_ms > ? OR seq > ?)
        ORDER BY created_ms, seq LIMIT \(rows)
        """

    init(_ db: Database, _ stream: StreamID, at place: Place, to: Timestamp, _ targets: [ProofTarget]) throws
    {
        let statement = try RawStatement(db, Self.sql)
        defer { statement.release() }
        statement.bind(stream.value, at: 1)
        statement.bind(place.time, at: 2)
        statement.bind(to.milliseconds, at: 3)
        statement.bind(place.time, at: 4)
        statement.bind(place.seq, at: 5)
        var rows: [Row] = []
        var last = place
        while try statement.step() {
            last = Place(time: statement.int(0), seq: statement.int(1))
            rows.append(
                Row(
                    seq: Seq(statement.int(1)),
                    id: String(decoding: statement.text(2), as: UTF8.self),
                    isReadable: statement.int(3) != 0,
                    standings: []
                )
            )
        }
        next = rows.count < Self.rows ? nil : last
        let seqs = rows.map(\.seq.value)
        for target in targets {
            let standings = try Self.standings(db, of: seqs, target.sink, stream)
            for index in rows.indices { rows[index].standings.append(standings[index]) }
        }
        self.rows = rows
    }

    /// Those of these ids that the spool has, regardless of their time.
    static func rows(_ db: Database, _ ids: [String], of stream: StreamID, _ targets: [ProofTarget]) throws
        -> [Row]
    {
        let statement = try db.cachedStatement(
            sql: "SELECT seq, readable FROM event WHERE stream_id = ? AND external_id = ?"
        )
        var rows: [Row] = []
        for id in ids {
            guard let row = try GRDB.Row.fetchOne(statement, arguments: [stream.value, id]) else { continue }
            rows.append(Row(seq: Seq(row[0]), id: id, isReadable: row[1], standings: []))
        }
        let seqs = rows.map(\.seq.value)
        for target in targets {
            let standings = try standings(db, of: seqs, target.sink, stream)
            for index in rows.indices { rows[index].standings.append(standings[index]) }
        }
        return rows
    }

    static func standings(_ db: Database, of seqs: [Int64], _ sink: SinkID, _ stream: StreamID) throws
        -> [DeliveryStanding]
    {
        guard let first = seqs.min(), let last = seqs.max() else { return [] }
        var map = try StandingMap(db, sink: sink, stream: stream, range: first...last)
        return seqs.map { map.standing(of: $0) }
    }
}
