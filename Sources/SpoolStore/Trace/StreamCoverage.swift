import GRDB
package import SpoolCore

/// What is known from fetching about one moment of a stream: how far the stream has been read, and which
/// windows cover the moment.
package struct StreamCoverage: Sendable, Codable, Equatable {
    package let stream: StreamName
    package let start: Timestamp?
    package let since: Timestamp?
    package let sweptTo: Timestamp?
    package let prunedTo: Timestamp?
    /// True when a complete window with the current filters covers the moment.
    package let isCovered: Bool
    /// True when the source returned nothing for a window there that was older than 30 days, which proves
    /// nothing.
    package let isUnproved: Bool
    /// Whether retention has deleted the requested event; nil where its id would not be kept.
    package let wasDeleted: Bool?
    /// The sinks that were not configured, and had not received the requested event, when retention deleted
    /// it.
    package let lostAt: [String]?

    package init(
        stream: StreamName,
        start: Timestamp?,
        since: Timestamp?,
        sweptTo: Timestamp?,
        prunedTo: Timestamp?,
        isCovered: Bool,
        isUnproved: Bool,
        wasDeleted: Bool? = nil,
        lostAt: [String]? = nil
    ) {
        self.wasDeleted = wasDeleted
        self.lostAt = lostAt
        self.stream = stream
        self.start = start
        self.since = since
        self.sweptTo = sweptTo
        self.prunedTo = prunedTo
        self.isCovered = isCovered
        self.isUnproved = isUnproved
    }

    private enum CodingKeys: String, CodingKey {
        case stream
        case start = "start_ms"
        case since = "since_ms"
        case sweptTo = "swept_to_ms"
        case prunedTo = "pruned_to_ms"
        case isCovered = "covered"
        case isUnproved = "unproved"
        case wasDeleted = "deleted"
        case lostAt = "lost_at"
    }
}

extension Spool {
    /// Traces the events with this id at their source, in any stream; if there is none and the text is a
    /// number, the event with this `seq`.
    package func trace(_ text: String) async throws(StoreError) -> [EventTrace] {
        try await read { try TraceQuery.events($0, named: text) }
    }

    /// The coverage of a moment on the stream's basis, and of an event of that time; nil for a stream that
    /// the spool does not have.
    package func coverage(of stream: StreamName, at moment: Timestamp, id: String? = nil)
        async throws(StoreError) -> StreamCoverage?
    {
        try await read { db in
            try Row.fetchOne(
                db,
                sql: """
                    SELECT t.start_ms, t.since_ms, t.swept_to_ms, t.pruned_to_ms,
                        EXISTS (SELECT 1 FROM fetch_window w WHERE w.stream_id = t.id AND w.from_ms <= ?2
                            AND w.to_ms > ?2 AND w.state = 'complete' AND w.filter_hash = t.filter_hash),
                        EXISTS (SELECT 1 FROM fetch_window w WHERE w.stream_id = t.id AND w.from_ms <= ?2
                            AND w.to_ms > ?2 AND w.state = 'unproved'),
                        t.id
                    FROM stream t WHERE t.name = ?1 AND t.replay_id IS NULL
                    """,
                arguments: [stream.description, moment.milliseconds]
            ).map { row in
                let (streamID, at) = (StreamID(row[6]), moment.milliseconds)
                let wasDeleted = try id.flatMap { id in
                    try PrunedPart(db, streamID, times: [at]).hasDeleted(id, at: at)
                }
                return StreamCoverage(
                    stream: stream,
                    start: Timestamp(row[0] as Int64?),
                    since: Timestamp(row[1] as Int64?),
                    sweptTo: Timestamp(row[2] as Int64?),
                    prunedTo: Timestamp(row[3] as Int64?),
                    isCovered: row[4],
                    isUnproved: row[5],
                    wasDeleted: wasDeleted,
                    lostAt: wasDeleted == nil
                        ? nil
                        : try id.map { id in
                            try PrunedIDs.sinks(db, thatLost: PrunedIDs.hash(id), of: streamID, at: at)
                        }
                )
            }
        }
    }
}
