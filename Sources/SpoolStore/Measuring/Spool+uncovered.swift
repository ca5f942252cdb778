import GRDB
package import SpoolCore

extension Spool {
    /// The gaps of a stream up to its cursor, as in the view `gaps` (state `unproved`), read in slices.
    ///
    /// For the open end behind the cursor, which changes constantly, see `openEnds`.
    ///
    /// A stream polled every 15 s has about 5,800 windows per day; the view reads those of all streams at
    /// once.
    package func uncovered(of stream: StreamID, slice: Int = 5_000) async throws(StoreError)
        -> [UncoveredTime]
    {
        guard let edges = try await read({ try CoverageRows.edges($0, stream) }) else { return [] }
        var walk = CoverageWalk(start: edges.start)
        var position: (from: Int64, id: Int64) = (.min, 0)
        while true {
            let after = position
            let rows = try await read { try CoverageRows.windows($0, stream, after: after, limit: slice) }
            for row in rows where row.isProof { walk.pass(from: row.from, to: row.to) }
            guard rows.count == slice, let last = rows.last else { break }
            position = (last.from.milliseconds, last.id)
        }
        return walk.ended(at: edges.since)
    }
}

private enum CoverageRows {
    struct Window {
        let id: Int64
        let from: Timestamp
        let to: Timestamp
        let isProof: Bool
    }

    static func edges(_ db: Database, _ stream: StreamID) throws -> (start: Timestamp, since: Timestamp)? {
        let row = try Row.fetchOne(
            db.cachedStatement(
                sql: """
                    SELECT max(start_ms, coalesce(pruned_to_ms, start_ms)), since_ms FROM stream
                    WHERE id = ? AND start_ms IS NOT NULL AND since_ms IS NOT NULL
                    """
            ),
            arguments: [stream.value]
        )
        return row.map { (Timestamp(milliseconds: $0[0]), Timestamp(milliseconds: $0[1])) }
    }

    static func windows(
        _ db: Database,
        _ stream: StreamID,
        after: (from: Int64, id: Int64),
        limit: Int
    ) throws -> [Window] {
        let row = try RawStatement(db, windowsSQL)
        defer { row.release() }
        row.bind(stream.value, at: 1)
        row.bind(after.from, at: 2)
        row.bind(after.id, at: 3)
        row.bind(Int64(limit), at: 4)
        var windows: [Window] = []
        windows.reserveCapacity(limit)
        while try row.step() {
            windows.append(
                Window(
                    id: row.int(0),
                    from: Timestamp(milliseconds: row.int(1)),
                    to: Timestamp(milliseconds: row.int(2)),
                    isProof: row.int(3) == 1
                )
            )
        }
        return windows
    }

    private static let windowsSQL = """
        SELECT w.id, w.from_ms, w.to_ms, w.state = 'complete' AND w.filter_hash = t.filter_hash
        FROM stream t CROSS JOIN fetch_window w ON w.stream_id = t.id
        WHERE t.id = ?1 AND (w.from_ms, w.id) > (?2, ?3) ORDER BY w.from_ms, w.id LIMIT ?4
        """
}

/// A time range of a stream that no complete window with the current filters covers.
package struct UncoveredTime: Sendable, Equatable {
    package let from: Timestamp
    package let to: Timestamp

    package init(from: Timestamp, to: Timestamp) {
        self.from = from
        self.to = to
    }

    package var length: Duration { to.since(from) }
}

/// Finds gaps from windows that are passed in the order of their beginnings.
struct CoverageWalk {
    private var reach: Timestamp
    private(set) var gaps: [UncoveredTime] = []

    /// - Parameter start: where the stream begins, or up to where retention has deleted.
    init(start: Timestamp) { reach = start }

    mutating func pass(from: Timestamp, to: Timestamp) {
        if from > reach { gaps.append(UncoveredTime(from: reach, to: from)) }
        reach = max(reach, to)
    }

    /// The gaps up to the cursor.
    func ended(at since: Timestamp) -> [UncoveredTime] {
        var all = gaps
        if since > reach { all.append(UncoveredTime(from: reach, to: since)) }
        return all.filter { $0.from < since }.map { UncoveredTime(from: $0.from, to: min($0.to, since)) }
    }
}
