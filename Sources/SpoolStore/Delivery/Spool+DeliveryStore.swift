import GRDB
package import SpoolCore

extension Spool: DeliveryStore {
    /// The subscriptions of a sink that may be drained; none while one of them cannot begin, because the
    /// whole sink is then held.
    package func subscriptions(of sink: SinkID) async throws(StoreError) -> [Subscription] {
        try await read { db in
            let rows = try Row.fetchAll(
                db,
                sql: """
                    SELECT s.id, s.stream_id, t.name, s.watermark_seq, s.state
                    FROM subscription s JOIN stream t ON t.id = s.stream_id
                    WHERE s.sink_id = ? AND s.state <> 'left' ORDER BY s.id
                    """,
                arguments: [sink.value]
            )
            if rows.contains(where: { $0[4] as String == "held" }) { return [] }
            return try rows.map { row in
                Subscription(
                    id: SubscriptionID(row[0]),
                    stream: StreamID(row[1]),
                    name: try Names.stream(row[2]),
                    watermark: Seq(row[3])
                )
            }
        }
    }

    package func batch(
        of stream: StreamID,
        after: Seq,
        limit: BatchLimit,
        raw: Bool
    ) async throws(StoreError) -> EventBatch? {
        try await read { try BatchQuery.live($0, stream, after: after, limit: limit, raw: raw) }
    }

    package func settle(_ commit: DeliveryCommit) async throws(StoreError) {
        guard !commit.isEmpty else { return }
        try await write { try Settle.run($0, commit) }
    }

    package func opened(
        _ sink: SinkID,
        address: String,
        transport: String,
        doubtBytes: Int64,
        at now: Timestamp
    ) async throws(StoreError) -> ConnectionID {
        try await write { db in
            try SinkConnections.open(
                db,
                sink,
                address: address,
                transport: transport,
                doubtBytes: doubtBytes,
                at: now
            )
        }
    }

    package func closed(
        _ connection: ConnectionID,
        of sink: SinkID,
        clean: Bool,
        at now: Timestamp
    ) async throws(StoreError) {
        try await write { db in
            try db.execute(
                sql: """
                    UPDATE connection SET closed_ms = ?, how = ?
                    WHERE id = ? AND sink_id = ? AND closed_ms IS NULL
                    """,
                arguments: [now.milliseconds, clean ? "clean" : "unclean", connection.value, sink.value]
            )
        }
    }

    /// The open connections of these sinks over which events were settled that are not proved to have been
    /// read.
    package func pendingConnections(of sinks: [SinkID]) async throws(StoreError) -> [ConnectionID] {
        try await read { db in
            try Int64.fetchAll(
                db,
                sql: """
                    SELECT c.id FROM connection c INDEXED BY connection_open
                    WHERE c.closed_ms IS NULL AND c.sink_id IN (SELECT value FROM json_each(?))
                        AND EXISTS (SELECT 1 FROM ledger l INDEXED BY ledger_connection
                            WHERE l.connection_id = c.id AND \(SinkConnections.isPendingSQL))
                    """,
                arguments: [try JSONColumn.text(sinks.map(\.value))]
            ).map { ConnectionID($0) }
        }
    }

    /// True while one of these connections has not ended.
    package func isAnyOpen(of connections: [ConnectionID]) async throws(StoreError) -> Bool {
        try await read { db in
            try Int64.fetchOne(
                db,
                sql: """
                    SELECT 1 FROM connection
                    WHERE closed_ms IS NULL AND id IN (SELECT value FROM json_each(?)) LIMIT 1
                    """,
                arguments: [try JSONColumn.text(connections.map(\.value))]
            ) != nil
        }
    }

    /// The sinks that have a connection that has not ended.
    package func connectedSinks() async throws(StoreError) -> Set<SinkID> {
        try await read { db in
            let sql = """
                SELECT DISTINCT sink_id FROM connection INDEXED BY connection_open WHERE closed_ms IS NULL
                """
            return Set(try Int64.fetchAll(db, sql: sql).map { SinkID($0) })
        }
    }

    package func report(_ report: SinkReport, of sink: SinkID) async throws(StoreError) {
        try await write { db in
            // Reports of a sink that is no longer configured, or is held because `start` is missing, are
            // ignored: its loop may not have stopped yet. The first connection after a start proves nothing
            // while events are pending: an earlier outage lasts until something is settled.
            let isFirst = report.state == .connected && report.attempts == 0 && report.lastSuccess == nil
            let isUnproved = try isFirst && Self.waits(db, sink)
            try db.execute(
                sql: """
                    UPDATE sink SET
                        state_since_ms = CASE state WHEN ?1 THEN state_since_ms ELSE coalesce(?7, ?4) END,
                        trouble_since_ms = CASE WHEN ?9 THEN trouble_since_ms
                            WHEN ?1 = 'connected' AND ?3 = 0 THEN NULL
                            ELSE coalesce(trouble_since_ms, ?7, ?4) END,
                        failures = failures + (?4 IS NOT NULL),
                        state = ?1, attempts = ?3, retry_at_ms = ?4, cuts = ?8,
                        last_error = CASE WHEN ?9 AND trouble_since_ms IS NOT NULL THEN last_error
                            ELSE ?2 END,
                        last_success_ms = coalesce(?5, last_success_ms),
                        suspicion = CASE WHEN ?11 THEN NULL ELSE coalesce(?10, suspicion) END
                    WHERE id = ?6 AND state <> 'disabled'
                        AND NOT EXISTS (
                            SELECT 1 FROM subscription s WHERE s.sink_id = ?6 AND s.state = 'held')
                    """,
                arguments: [
                    report.state.rawValue, report.lastError, report.attempts, report.retryAt?.milliseconds,
                    report.lastSuccess?.milliseconds, sink.value, report.at?.milliseconds,
                    report.cuts, isUnproved, report.suspicion, report.isProved,
                ]
            )
        }
    }

    private static func waits(_ db: Database, _ sink: SinkID) throws -> Bool {
        let sql = """
            SELECT 1 FROM subscription s JOIN stream t ON t.id = s.stream_id
            WHERE s.sink_id = ? AND s.state = 'active' AND t.inserted > s.passed LIMIT 1
            """
        return try Int.fetchOne(db, sql: sql, arguments: [sink.value]) != nil
    }
}

/// Parses names that are read from the spool.
enum Names {
    static func stream(_ text: String) throws -> StreamName {
        guard let name = StreamName(text) else {
            throw StoreError(
                .damaged,
                "The spool has a stream named `\(text)`, which is not of the form source/stream."
            )
        }
        return name
    }
}
