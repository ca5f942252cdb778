import GRDB
import SpoolCore

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
