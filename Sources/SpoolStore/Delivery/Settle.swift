import GRDB
import SpoolCore

/// The settling transaction: ledger rows, watermarks, replay positions and dead letters.
///
/// A loop continues to settle for some seconds after its replay was cancelled or its stream forgotten.
/// Entries for a sink, a subscription or a replay's own stream that was removed in the meantime are ignored.
enum Settle {
    static func run(_ db: Database, _ commit: DeliveryCommit) throws {
        guard try exists(db, commit.sink) else { return }
        let entries = try commit.entries.filter {
            try $0.replay == nil ? isTaken(db, $0.stream, by: commit.sink) : exists(db, $0.stream)
        }
        for entry in entries {
            try Ledger.insert(db, entry, sink: commit.sink)
            try DeadLetters.apply(db, entry, sink: commit.sink)
            if entry.replay != nil { try countReplayed(db, entry, sink: commit.sink) }
        }
        try SinkConnections.settled(db, entries, sink: commit.sink)
        for (subscription, watermark) in commit.watermarks {
            try Watermark.move(db, subscription, to: watermark, commit)
        }
        for position in commit.replayPositions { try move(db, position) }
        if entries.contains(where: \.isAnswer) {
            try db.cachedStatement(
                sql: "UPDATE sink SET last_success_ms = max(coalesce(last_success_ms, 0), ?) WHERE id = ?"
            )
            .execute(arguments: [commit.at.milliseconds, commit.sink.value])
            try endOldTrouble(db, commit.sink)
        }
        let cut = entries.reduce(0) { $0 + $1.cut.count }
        if cut > 0 {
            try db.cachedStatement(sql: "UPDATE sink SET cut = cut + ? WHERE id = ?")
                .execute(arguments: [cut, commit.sink.value])
        }
        if let rate = commit.rate {
            try db.cachedStatement(sql: "UPDATE sink SET rate = ? WHERE id = ?")
                .execute(arguments: [rate, commit.sink.value])
        }
    }

    /// Ends an outage that began before the daemon's start, if there was no failure since; any other outage
    /// is ended by its loop's report.
    private static func endOldTrouble(_ db: Database, _ sink: SinkID) throws {
        try db.cachedStatement(
            sql: """
                UPDATE sink SET trouble_since_ms = NULL, last_error = NULL
                WHERE id = ? AND trouble_since_ms IS NOT NULL AND state = 'connected' AND attempts = 0
                """
        ).execute(arguments: [sink.value])
    }

    private static func exists(_ db: Database, _ sink: SinkID) throws -> Bool {
        let statement = try db.cachedStatement(sql: "SELECT 1 FROM sink WHERE id = ?")
        return try Int64.fetchOne(statement, arguments: [sink.value]) != nil
    }

    private static func exists(_ db: Database, _ stream: StreamID) throws -> Bool {
        let statement = try db.cachedStatement(sql: "SELECT 1 FROM stream WHERE id = ?")
        return try Int64.fetchOne(statement, arguments: [stream.value]) != nil
    }

    private static func isTaken(_ db: Database, _ stream: StreamID, by sink: SinkID) throws -> Bool {
        let statement = try db.cachedStatement(
            sql: "SELECT 1 FROM subscription WHERE sink_id = ? AND stream_id = ?"
        )
        return try Int64.fetchOne(statement, arguments: [sink.value, stream.value]) != nil
    }

    private static func move(_ db: Database, _ position: ReplayPosition) throws {
        try db.cachedStatement(
            sql: "UPDATE replay_stream SET position = max(position, ?) WHERE replay_id = ? AND stream_id = ?"
        ).execute(arguments: [position.position.value, position.replay.value, position.stream.value])
        try db.cachedStatement(sql: "UPDATE replay SET sent = sent + ? WHERE id = ?")
            .execute(arguments: [position.sent, position.replay.value])
    }

    private static func countReplayed(_ db: Database, _ entry: LedgerEntry, sink: SinkID) throws {
        guard entry.outcome.isThere else { return }
        try db.cachedStatement(
            sql: "UPDATE subscription SET replayed = replayed + ? WHERE sink_id = ? AND stream_id = ?"
        ).execute(arguments: [entry.events, sink.value, entry.stream.value])
    }
}

extension LedgerEntry {
    /// False when the events were not sent at all.
    fileprivate var isAnswer: Bool {
        if case .refused(let refusal) = outcome { return !refusal.isLocal }
        return true
    }
}

extension Outcome {
    var evidence: Evidence? {
        if case .delivered(let evidence) = self { return evidence }
        return nil
    }
}

/// The rows of `ledger`: each covers every event of one stream in its range.
enum Ledger {
    static func insert(_ db: Database, _ entry: LedgerEntry, sink: SinkID) throws {
        if entry.outcome == .retry {
            throw StoreError(
                .invalid,
                "An event that will be sent again has no final outcome and cannot be entered in the ledger."
            )
        }
        try db.cachedStatement(
            sql: """
                INSERT INTO ledger (sink_id, stream_id, replay_id, connection_id, first_seq, last_seq,
                    outcome, evidence, events, bytes, attempts, sent_ms, settled_ms, cut, position)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """
        ).execute(arguments: [
            sink.value, entry.stream.value, entry.replay?.value, entry.connection?.value, entry.first.value,
            entry.last.value, entry.outcome.name, entry.outcome.evidence?.rawValue, entry.events, entry.bytes,
            entry.attempts, entry.sent.milliseconds, entry.settled.milliseconds,
            entry.cut.isEmpty ? nil : try JSONColumn.text(entry.cut.map(\.value)),
            entry.position,
        ])
    }
}

/// The position of a subscription; it only grows, and only past events that the ledger covers.
enum Watermark {
    /// Moves a watermark; does nothing when the subscription no longer exists.
    ///
    /// - Throws: `.invalid` when events between the old and the new watermark have no outcome in `commit`:
    ///   they would never be sent, and nothing would report it.
    static func move(
        _ db: Database,
        _ subscription: SubscriptionID,
        to watermark: Seq,
        _ commit: DeliveryCommit
    ) throws {
        let row = try Row.fetchOne(
            db.cachedStatement(
                sql: "SELECT stream_id, watermark_seq FROM subscription WHERE id = ? AND sink_id = ?"
            ),
            arguments: [subscription.value, commit.sink.value]
        )
        guard let row else { return }
        let (stream, before) = (StreamID(row[0]), row[1] as Int64)
        guard watermark.value > before else { return }
        let counts = Counts(commit.entries, of: stream, after: before, through: watermark.value)
        let passed = try count(db, stream, after: before, through: watermark.value)
        guard counts.total == passed else {
            throw StoreError(
                .invalid,
                "\(counts.total) of \(passed) events of stream \(stream) after \(before) up to \(watermark) "
                    + "have an outcome; the watermark of subscription \(subscription) was not moved."
            )
        }
        try db.cachedStatement(
            sql: """
                UPDATE subscription SET watermark_seq = ?, passed = passed + ?, delivered = delivered + ?,
                    filtered = filtered + ?, refused = refused + ?
                WHERE id = ?
                """
        ).execute(arguments: [
            watermark.value, passed, counts.there, counts.filtered, counts.refused, subscription.value,
        ])
    }

    private static func count(
        _ db: Database,
        _ stream: StreamID,
        after: Int64,
        through: Int64
    ) throws -> Int {
        let statement = try RawStatement(
            db,
            """
            SELECT count(*) FROM event INDEXED BY event_stream WHERE stream_id = ? AND seq > ? AND seq <= ?
            """
        )
        defer { statement.release() }
        statement.bind(stream.value, at: 1)
        statement.bind(after, at: 2)
        statement.bind(through, at: 3)
        return try statement.step() ? Int(statement.int(0)) : 0
    }

    /// The outcomes of a commit's live entries in a range.
    private struct Counts {
        var total = 0
        var there = 0
        var filtered = 0
        var refused = 0

        init(_ entries: [LedgerEntry], of stream: StreamID, after: Int64, through: Int64) {
            for entry in entries
            where entry.replay == nil && entry.stream == stream && entry.first.value > after
                && entry.last.value <= through
            {
                total += entry.events
                switch entry.outcome {
                case .delivered, .already: there += entry.events
                case .filtered: filtered += entry.events
                case .refused: refused += entry.events
                case .retry: break
                }
            }
        }
    }
}
