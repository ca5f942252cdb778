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

/// The current status: the data of `spool status`, the status page and the metrics.
///
/// Counts are maintained by every transaction, so that the cost of reading them does not depend on the size
/// of the spool. `StatusReport` is its public form as JSON.
package struct SpoolStatus: Sendable, Equatable {
    package struct Stream: Sendable, Equatable {
        package let id: StreamID
        package let name: StreamName
        package let kind: EventKind
        /// False once it is no longer configured; it is still drained.
        package let isConfigured: Bool
        /// `created`, `connected`, or the state of its current error.
        package let state: String
        package let trouble: String?
        package let troubleSince: Timestamp?
        package let start: Timestamp?
        package let since: Timestamp?
        package let sweptTo: Timestamp?
        package let prunedTo: Timestamp?
        /// The source's own time in its last response.
        package let sourceDate: Timestamp?
        /// Local time of the last page.
        package let lastSuccess: Timestamp?
        /// Polls have read up to here, by the source's clock.
        package let polledTo: Timestamp?
        /// The newest record's time.
        package let newest: Timestamp?
        /// Events ever spooled.
        package let inserted: Int
        /// Events in the spool now.
        package let kept: Int
        /// Events ever spooled that could not be parsed.
        package let unreadable: Int

        /// Everything has been read up to here: the cursor or the end of the last complete poll, whichever is
        /// later.
        package var readTo: Timestamp? { [since, polledTo].compactMap { $0 }.max() }
        /// True while it is fetched from a source; the spool's own notifications are not.
        package var isFetched: Bool { isConfigured && name != .notifications }
    }

    package struct Subscription: Sendable, Equatable {
        package let stream: StreamName
        /// `active`, `held` or `left`.
        package let state: String
        package let watermark: Seq
        /// Events that are not settled yet.
        package let waiting: Int
        /// The oldest pending event: when it was spooled, and when it occurred.
        package let oldestFetched: Timestamp?
        package let oldestOccurred: Timestamp?
        /// Events settled live as delivered or already present.
        package let delivered: Int
        package let filtered: Int
        package let refused: Int
        /// Events delivered by replays.
        package let replayed: Int
        /// Events that retention deleted while the sink was not configured.
        package let lost: Int
    }

    package struct Sink: Sendable, Equatable {
        package let id: SinkID
        package let name: SinkName
        package let type: String
        package let state: SinkReport.State
        package let stateSince: Timestamp?
        /// Since when nothing could be settled, even if it connected meanwhile; nil when there is no problem.
        package let troubleSince: Timestamp?
        /// Consecutive connections that ended before anything was settled; 0 below three.
        package let cuts: Int
        /// Why the ends of its connections suggest that the receiver does not read what its kernel accepts;
        /// nil when they do not.
        package var suspicion: String?
        package let lastSuccess: Timestamp?
        package let lastError: String?
        package let attempts: Int
        package let retryAt: Timestamp?
        /// Dead letters not dismissed.
        package let deadLetters: Int
        /// Messages ever shortened for sending, including those of replays.
        package let shortened: Int
        package let subscriptions: [Subscription]

        /// Pending events of all its streams.
        package var waiting: Int { subscriptions.reduce(0) { $0 + $1.waiting } }
    }

    package struct Size: Sendable, Equatable {
        /// Bytes of the database, including free pages; the newest pages may still be only in the write-ahead
        /// log.
        package let file: Int64
        /// Bytes of the write-ahead log.
        package let wal: Int64
        /// Bytes of pages in use, which count against `retention.max_size`.
        package let inUse: Int64
        /// Bytes free on its disk.
        package let diskFree: Int64
        /// False while the reserve is released.
        package let hasReserve: Bool
    }

    /// Poison records: records that crashed the process when they were parsed or rendered individually, and
    /// are skipped since.
    package struct Trap: Sendable, Equatable {
        package let step: PoisonMark.Step
        /// The stream or sink.
        package let subject: String
        package let records: Int
        /// When the last of them crashed the process.
        package let at: Timestamp
    }

    package let traps: [Trap]
    package let streams: [Stream]
    package let sinks: [Sink]
    /// Newest first.
    package let replays: [Replay]
    /// Active notifications, newest first.
    package let notifications: [SpoolNotification]
    package let size: Size
    /// When the last completed audit ended, local clock.
    package let lastAudit: Timestamp?
    /// When the spool was first opened, local clock.
    package let firstRun: Timestamp?
}

/// How much disk space the spool uses.
enum Sizes {
    /// Bytes of pages in use; free pages are reused first.
    static func bytesInUse(_ db: Database) throws -> Int64 {
        let pages = try Int64.fetchOne(db, sql: "PRAGMA page_count") ?? 0
        let free = try Int64.fetchOne(db, sql: "PRAGMA freelist_count") ?? 0
        return (pages - free) * (try pageSize(db))
    }

    /// Bytes of all pages, including free ones.
    static func bytes(_ db: Database) throws -> Int64 {
        try (Int64.fetchOne(db, sql: "PRAGMA page_count") ?? 0) * pageSize(db)
    }

    static func pageSize(_ db: Database) throws -> Int64 {
        try Int64.fetchOne(db, sql: "PRAGMA page_size") ?? Int64(Connections.pageSize)
    }
}
