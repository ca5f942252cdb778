import GRDB
package import SpoolCore

extension Spool {
    /// The gaps of a stream up to its cursor, as the view `gaps` has them (state `unproved`), read in slices.
    ///
    /// What lies open behind it changes with every moment: `openEnds` tells.
    ///
    /// A stream polled every 15 s has some 5,800 windows a day; the view reads those of all streams at once.
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
        let rows = try Row.fetchAll(
            db.cachedStatement(
                sql: """
                    SELECT id, from_ms, to_ms, state = 'complete'
                        AND filter_hash = (SELECT filter_hash FROM stream WHERE id = ?1)
                    FROM fetch_window WHERE stream_id = ?1 AND (from_ms, id) > (?2, ?3)
                    ORDER BY from_ms, id LIMIT ?4
                    """
            ),
            arguments: [stream.value, after.from, after.id, limit]
        )
        return rows.map { row in
            Window(
                id: row[0],
                from: Timestamp(milliseconds: row[1]),
                to: Timestamp(milliseconds: row[2]),
                isProof: row[3] ?? false
            )
        }
    }
}
