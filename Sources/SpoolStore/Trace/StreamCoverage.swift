import GRDB
package import SpoolCore

/// What a stream's fetching says of one moment: how far it is, and which windows have looked there.
package struct StreamCoverage: Sendable, Codable, Equatable {
    package let stream: StreamName
    package let start: Timestamp?
    package let since: Timestamp?
    package let sweptTo: Timestamp?
    package let prunedTo: Timestamp?
    /// True when a complete window with today's filters covers the moment.
    package let isCovered: Bool
    /// True when the source answered nothing for a window there that was older than 30 days, which proves nothing.
    package let isUnproved: Bool

    package init(
        stream: StreamName,
        start: Timestamp?,
        since: Timestamp?,
        sweptTo: Timestamp?,
        prunedTo: Timestamp?,
        isCovered: Bool,
        isUnproved: Bool
    ) {
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
    }
}

extension Spool {
    /// Everything the spool knows of the events with this id at their source, of any stream; where there is none and
    /// the text is a number, of the event with this `seq`.
    package func trace(_ text: String) async throws(StoreError) -> [EventTrace] {
        try await read { try TraceRead.events($0, named: text) }
    }

    /// What a stream's fetching says of a moment on the stream's basis; nil for a stream the spool does not have.
    package func coverage(of stream: StreamName, at moment: Timestamp) async throws(StoreError)
        -> StreamCoverage?
    {
        try await read { db in
            try Row.fetchOne(
                db,
                sql: """
                    SELECT t.start_ms, t.since_ms, t.swept_to_ms, t.pruned_to_ms,
                        EXISTS (SELECT 1 FROM fetch_window w WHERE w.stream_id = t.id AND w.from_ms <= ?2
                            AND w.to_ms > ?2 AND w.state = 'complete' AND w.filter_hash = t.filter_hash),
                        EXISTS (SELECT 1 FROM fetch_window w WHERE w.stream_id = t.id AND w.from_ms <= ?2
                            AND w.to_ms > ?2 AND w.state = 'unproved')
                    FROM stream t WHERE t.name = ?1 AND t.replay_id IS NULL
                    """,
                arguments: [stream.description, moment.milliseconds]
            ).map { row in
                StreamCoverage(
                    stream: stream,
                    start: Timestamp(row[0] as Int64?),
                    since: Timestamp(row[1] as Int64?),
                    sweptTo: Timestamp(row[2] as Int64?),
                    prunedTo: Timestamp(row[3] as Int64?),
                    isCovered: row[4],
                    isUnproved: row[5]
                )
            }
        }
    }
}
