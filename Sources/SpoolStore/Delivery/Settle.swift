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
