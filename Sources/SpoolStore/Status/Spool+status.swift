import GRDB
package import SpoolCore

extension Spool {
    /// Reads the current status in one snapshot.
    package func status() async throws(StoreError) -> SpoolStatus {
        let (files, reserve) = (files, reserve)
        let review = openReview
        let aged: @Sendable (Int64?) -> Timestamp? = { ms in
            Timestamp(ms).map { review?.aged($0) ?? $0 }
        }
        return try await read { db in
            SpoolStatus(
                traps: try PoisonMarks.traps(db, aged: aged),
                streams: try StatusRows.streams(db, aged: aged),
                sinks: try StatusRows.sinks(db, aged: aged),
                replays: try ReplayRows.fetch(db),
                notifications: try Notifications.fetch(db, all: false, limit: 1_000),
                size: SpoolStatus.Size(
                    file: try Sizes.bytes(db),
                    wal: SpoolFiles.size(of: files.wal),
                    inUse: try Sizes.bytesInUse(db),
                    diskFree: files.freeBytes(),
                    hasReserve: reserve.isWhole
                ),
                lastAudit: aged(
                    try Int64.fetchOne(
                        db,
                        sql: "SELECT max(finished_ms) FROM proof WHERE reason = 'audit' AND state = 'done'"
                    )
                ),
                firstRun: aged(
                    try Int64.fetchOne(db, sql: "SELECT started_ms FROM run ORDER BY id LIMIT 1")
                )
            )
        }
    }

    /// The size of the write-ahead log, and since when a reader keeps it from being truncated; tries to
    /// truncate a log above its limit.
    ///
    /// Call it every few seconds; a log held for over a minute is worth reporting.
    package func walReport(at now: Timestamp) async throws(StoreError) -> WALReport {
        try await writeWithoutTransaction { [wal] db in
            wal.retry(db)
            return wal.report(at: now)
        }
    }
}

/// The rows behind `status`.
private enum StatusRows {
    static func streams(_ db: Database, aged: (Int64?) -> Timestamp?) throws -> [SpoolStatus.Stream] {
        let rows = try Row.fetchAll(
            db,
            sql: """
                SELECT id, name, kind, is_configured, state, last_error, trouble_since_ms, start_ms,
                    since_ms, swept_to_ms, pruned_to_ms, source_ms,
                    last_success_ms, polled_to_ms, newest_ms, inserted, kept, unreadable
                FROM stream WHERE replay_id IS NULL ORDER BY name
                """
        )
        return try rows.map { row in
            SpoolStatus.Stream(
                id: StreamID(row["id"]),
                name: try Names.stream(row["name"]),
                kind: EventKind(rawValue: row["kind"]) ?? .activity,
                isConfigured: row["is_configured"],
                state: row["state"],
                trouble: row["last_error"],
                troubleSince: aged(row["trouble_since_ms"]),
                start: Timestamp(row["start_ms"]),
                since: Timestamp(row["since_ms"]),
                sweptTo: Timestamp(row["swept_to_ms"]),
                prunedTo: Timestamp(row["pruned_to_ms"]),
                sourceDate: Timestamp(row["source_ms"]),
                lastSuccess: Timestamp(row["last_success_ms"]),
                polledTo: Timestamp(row["polled_to_ms"]),
                newest: Timestamp(row["newest_ms"]),
                inserted: row["inserted"],
                kept: row["kept"],
                unreadable: row["unreadable"]
            )
        }
    }

    static func sinks(_ db: Database, aged: (Int64?) -> Timestamp?) throws -> [SpoolStatus.Sink] {
        let subscriptions = try subscriptions(db)
        let rows = try Row.fetchAll(
            db,
            sql: """
                SELECT id, name, type, state, state_since_ms, trouble_since_ms, cuts, suspicion,
                    last_success_ms, last_error, attempts, retry_at_ms, cut,
                    (SELECT count(*) FROM dead_letter d WHERE d.sink_id = sink.id AND d.dismissed_ms IS NULL)
                        AS dead_letters
                FROM sink WHERE replay_id IS NULL ORDER BY name
                """
        )
        return rows.map { row in
            SpoolStatus.Sink(
                id: SinkID(row["id"]),
                name: SinkName(row["name"]),
                type: row["type"],
                state: SinkReport.State(rawValue: row["state"]) ?? .created,
                stateSince: aged(row["state_since_ms"]),
                troubleSince: aged(row["trouble_since_ms"]),
                cuts: row["cuts"],
                suspicion: row["suspicion"],
                lastSuccess: Timestamp(row["last_success_ms"]),
                lastError: row["last_error"],
                attempts: row["attempts"],
                retryAt: Timestamp(row["retry_at_ms"]),
                deadLetters: row["dead_letters"],
                shortened: row["cut"],
                subscriptions: subscriptions[row["id"]] ?? []
            )
        }
    }

    private static func subscriptions(_ db: Database) throws -> [Int64: [SpoolStatus.Subscription]] {
        let rows = try Row.fetchAll(
            db,
            sql: """
                SELECT s.sink_id, t.name, s.state, s.watermark_seq, t.inserted - s.passed AS waiting,
                    o.fetched_ms, o.occurred_ms, s.delivered, s.filtered, s.refused, s.replayed, s.lost
                FROM subscription s
                JOIN stream t ON t.id = s.stream_id
                LEFT JOIN event o ON o.seq =
                    (SELECT min(n.seq) FROM event n
                        WHERE n.stream_id = s.stream_id AND n.seq > s.watermark_seq)
                ORDER BY t.name
                """
        )
        var found: [Int64: [SpoolStatus.Subscription]] = [:]
        for row in rows {
            found[row["sink_id"], default: []].append(
                SpoolStatus.Subscription(
                    stream: try Names.stream(row["name"]),
                    state: row["state"],
                    watermark: Seq(row["watermark_seq"]),
                    waiting: row["waiting"],
                    oldestFetched: Timestamp(row["fetched_ms"]),
                    oldestOccurred: Timestamp(row["occurred_ms"]),
                    delivered: row["delivered"],
                    filtered: row["filtered"],
                    refused: row["refused"],
                    replayed: row["replayed"],
                    lost: row["lost"]
                )
            )
        }
        return found
    }
}
