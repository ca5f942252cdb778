import GRDB
package import SpoolCore

/// A time in which a stream was not read as scheduled.
package struct CoverageGap: Sendable, Codable, Equatable {
    package let stream: StreamName
    /// The stream had been read up to here, by the source's clock; for an open gap, it has been read up to
    /// here by now.
    package let from: Timestamp
    /// When the source responded again, by its clock; nil while it does not.
    package let to: Timestamp?
    /// Local time; nil while it has not been recorded.
    package let noticed: Timestamp?
    /// Local time at which all of it had been read.
    package let healed: Timestamp?

    fileprivate init(_ row: Row) throws {
        stream = try Names.stream(row[0])
        from = Timestamp(milliseconds: row[1])
        to = Timestamp(row[2] as Int64?)
        noticed = Timestamp(row[3] as Int64?)
        healed = Timestamp(row[4] as Int64?)
    }
}

/// Events that a sink can no longer receive: retention deleted them while it was not configured.
package struct LostEvents: Sendable, Codable, Equatable {
    package let stream: StreamName
    package let sink: SinkName
    /// The oldest and the newest of them, on the stream's basis.
    package let from: Timestamp
    package let to: Timestamp
    package let events: Int
}

extension Spool {
    /// Records gaps of streams that have not been read for too long; call it every few seconds.
    package func noteGaps(at now: Timestamp) async throws(StoreError) {
        let aged = seen(now)
        guard try await read({ try GapRow.unread($0, at: aged) }) > 0 else { return }
        try await write { try GapRow.note($0, unreadAt: aged, at: now) }
    }

    /// Gaps of configured streams that are open at `now`, recorded or not, and those that have healed since
    /// `time`, sorted by their beginning.
    package func coverage(healedSince time: Timestamp, at now: Timestamp) async throws(StoreError)
        -> [CoverageGap]
    {
        let now = seen(now)
        return try await read { db in
            let healed = try Row.fetchAll(db, sql: GapRow.healed, arguments: [time.milliseconds])
            let open = try Row.fetchAll(db, sql: GapRow.endings, arguments: [now.milliseconds])
            return try (healed + open).map(CoverageGap.init).sorted { $0.from < $1.from }
        }
    }

    /// The open end of each configured stream at `now`.
    ///
    /// It reaches from where the stream has been read up to, until the source responded again or, while it
    /// does not, until now.
    package func openEnds(at now: Timestamp) async throws(StoreError) -> [StreamName: UncoveredTime] {
        let now = seen(now)
        return try await read { db in
            let gaps = try Row.fetchAll(db, sql: GapRow.endings, arguments: [now.milliseconds])
                .map(CoverageGap.init)
            return gaps.reduce(into: [:]) {
                $0[$1.stream] = UncoveredTime(from: $1.from, to: $1.to ?? max(now, $1.from))
            }
        }
    }

    /// The current time, without the time before the start that is not known to have passed.
    private func seen(_ now: Timestamp) -> Timestamp {
        openReview.map { now - $0.unseen } ?? now
    }

    /// The events that sinks have lost, as in the view `gaps` (kind `delivery`); for time that was never read
    /// see `uncovered`.
    package func losses() async throws(StoreError) -> [LostEvents] {
        try await read { db in
            let rows = try Row.fetchAll(
                db,
                sql: """
                    SELECT t.name, k.name, s.lost_from_ms, s.lost_to_ms, s.lost
                    FROM subscription s JOIN stream t ON t.id = s.stream_id JOIN sink k ON k.id = s.sink_id
                    WHERE s.lost > 0 ORDER BY s.lost_from_ms
                    """
            )
            return try rows.map { row in
                LostEvents(
                    stream: try Names.stream(row[0]),
                    sink: SinkName(row[1]),
                    from: Timestamp(milliseconds: row[2]),
                    to: Timestamp(milliseconds: row[3]),
                    events: row[4]
                )
            }
        }
    }
}
