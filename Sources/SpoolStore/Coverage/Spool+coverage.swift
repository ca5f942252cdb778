import GRDB
package import SpoolCore

/// A time in which a stream was not read when its turn was (`gap`).
package struct CoverageGap: Sendable, Codable, Equatable {
    package let stream: StreamName
    /// Up to here it had been read, by the source's clock.
    package let from: Timestamp
    /// When the source answered again, by its clock; nil while it does not.
    package let to: Timestamp?
    /// Local time.
    package let noticed: Timestamp
    /// Local time since which all of it has been read.
    package let healed: Timestamp?
}

/// What no window of today's filters covers, or what a sink can no longer have (`gaps`).
package struct ProofGap: Sendable, Codable, Equatable {
    package let stream: StreamName
    /// Nil: it was never proved to be read.
    ///
    /// Otherwise the sink that retention left without these events.
    package let sink: SinkName?
    package let from: Timestamp
    package let to: Timestamp
    /// How many events a sink lost.
    package let events: Int?
}

extension Spool {
    /// Notes streams that have not been read for too long; to be called every few seconds.
    package func noteGaps(at now: Timestamp) async throws(StoreError) {
        guard try await read({ try GapRow.unread($0, at: now) }) > 0 else { return }
        try await write { try GapRow.note($0, at: now) }
    }

    /// Gaps of configured streams that have not healed, and those that have since `time`, by their beginning.
    package func coverage(healedSince time: Timestamp) async throws(StoreError) -> [CoverageGap] {
        try await read { db in
            let rows = try Row.fetchAll(
                db,
                sql: """
                    SELECT t.name, g.from_ms, g.to_ms, g.noticed_ms, g.healed_ms
                    FROM gap g JOIN stream t ON t.id = g.stream_id
                    WHERE t.is_configured = 1 AND (g.healed_ms IS NULL OR g.healed_ms >= ?)
                    ORDER BY g.from_ms, t.name LIMIT 1000
                    """,
                arguments: [time.milliseconds]
            )
            return try rows.map { row in
                CoverageGap(
                    stream: try Names.stream(row[0]),
                    from: Timestamp(milliseconds: row[1]),
                    to: Timestamp(row[2] as Int64?),
                    noticed: Timestamp(milliseconds: row[3]),
                    healed: Timestamp(row[4] as Int64?)
                )
            }
        }
    }

    /// What the view `gaps` shows, oldest first, a hundred at most.
    package func proofGaps() async throws(StoreError) -> [ProofGap] {
        try await read { db in
            let rows = try Row.fetchAll(
                db,
                sql: "SELECT stream, sink, from_ms, to_ms, events FROM gaps ORDER BY from_ms LIMIT 100"
            )
            return try rows.map { row in
                ProofGap(
                    stream: try Names.stream(row[0]),
                    sink: (row[1] as String?).map { SinkName($0) },
                    from: Timestamp(milliseconds: row[2]),
                    to: Timestamp(milliseconds: row[3]),
                    events: row[4]
                )
            }
        }
    }
}
