import GRDB
package import SpoolCore
import Synchronization

extension Spool {
    /// Writes the copy of the spool's state (`<spool>.state`), from which a lost spool is restored.
    ///
    /// Also notes recoveries whose windows have been read again, and clears their notification. Durable on
    /// return.
    ///
    /// - Throws: `.full`, `.readOnly` or `.io` when the copy cannot be written; the old copy then stays.
    package func saveState(at now: Timestamp) async throws(StoreError) {
        let run = runID
        let floors = waitingFloors.withLock { $0.take() }
        let state = try await read { db in try StateReading(db, run: run, at: now).state(floors) }
        waitingFloors.withLock { $0.known = state.waiting }
        try state.copy.write(files)
        try await write { try Recoveries.finish($0, at: now) }
    }
}

/// Lower bounds for the times of the events that a sink may not have read yet, by stream.
///
/// With them, finding the oldest one does not walk over the delivered events at each copy.
struct WaitingFloors: Sendable {
    /// Bounds as of the last copy; a stream without one is walked from its beginning.
    var known: [StreamID: Int64] = [:]
    /// The oldest events that were inserted since.
    private var inserted: [StreamID: Int64] = [:]

    /// Notes a page after its transaction: noted before, it could be taken by a copy that does not see it.
    mutating func note(_ commit: PageCommit) {
        guard let oldest = commit.page.records.map(\.event.created.milliseconds).min() else { return }
        inserted[commit.stream] = min(inserted[commit.stream] ?? .max, oldest)
    }

    /// The bounds for a copy that is about to be read.
    mutating func take() -> [StreamID: Int64] {
        defer { inserted = [:] }
        return known.merging(inserted.filter { known[$0.key] != nil }, uniquingKeysWith: min)
    }

    /// Forgets everything: positions have moved back, or times have changed.
    mutating func reset() { known = [:] }
}

/// Reads the state of a spool in one snapshot.
struct StateReading {
    private let db: Database
    private let run: Int64
    private let now: Timestamp

    init(_ db: Database, run: Int64, at now: Timestamp) {
        self.db = db
        self.run = run
        self.now = now
    }

    /// The copy, and the times of the oldest events that a sink may not have read; `Int64.max` where there is
    /// none.
    func state(_ floors: [StreamID: Int64]) throws -> (copy: StateCopy, waiting: [StreamID: Int64]) {
        var waiting: [StreamID: Int64] = [:]
        var rereadFrom: [String: Int64] = [:]
        let unproved = try Self.firstUnproved(db)
        let streams = try Row.fetchAll(
            db,
            sql: """
                SELECT t.id, t.name, t.since_ms, t.swept_to_ms,
                    (SELECT min(watermark_seq) FROM subscription s WHERE s.stream_id = t.id),
                    (SELECT from_ms FROM fetch_window w WHERE w.stream_id = t.id AND w.reason = 'sweep'
                        AND w.state <> 'abandoned' ORDER BY w.id DESC LIMIT 1)
                FROM stream t WHERE t.replay_id IS NULL AND t.name <> ? AND t.since_ms IS NOT NULL
                """,
            arguments: [StreamName.notifications.description]
        )
        for row in streams {
            let id = StreamID(row[0])
            let watermark: Int64? = row[4]
            let settled = [watermark, unproved[id].map { $0 - 1 }].compactMap { $0 }.min()
            var first: Int64?
            if let settled { first = try oldest(of: id, after: settled, from: floors[id] ?? .min) }
            waiting[id] = first ?? .max
            let (since, sweptTo, sweepFrom): (Int64?, Int64?, Int64?) = (row[2], row[3], row[5])
            let name: String = row[1]
            rereadFrom[name] = [first, since, sweptTo, sweepFrom].compactMap { $0 }.min()
        }
        return (try copy(rereadFrom), waiting)
    }

    /// The time of the oldest event of a stream after a seq, on the stream's basis.
    private func oldest(of stream: StreamID, after seq: Int64, from floor: Int64) throws -> Int64? {
        // The index holds (stream_id, created_ms, seq), so that the walk reads no event.
        try Int64.fetchOne(
            db,
            sql: """
                SELECT created_ms FROM event INDEXED BY event_created
                WHERE stream_id = ? AND created_ms >= ? AND seq > ? ORDER BY created_ms LIMIT 1
                """,
            arguments: [stream.value, floor, seq]
        )
    }

    /// The first event of each stream whose delivery an open connection has still to prove.
    static func firstUnproved(_ db: Database) throws -> [StreamID: Int64] {
        var found: [StreamID: Int64] = [:]
        let connections = try Row.fetchAll(
            db,
            sql: "SELECT id, settled_bytes, doubt_bytes FROM connection WHERE closed_ms IS NULL"
        )
        for connection in connections {
            let rows = try Row.fetchCursor(
                db,
                sql: """
                    SELECT stream_id, first_seq, position, evidence FROM ledger
                    WHERE connection_id = ? ORDER BY settled_ms DESC, id DESC
                    """,
                arguments: [connection[0] as Int64]
            )
            while let row = try rows.next() {
                let (settled, doubt): (Int64, Int64?) = (connection[1], connection[2])
                if let position: Int64 = row[2], let doubt, position + doubt <= settled { break }
                guard row[3] as String? == "kernel" else { continue }
                let stream = StreamID(row[0])
                found[stream] = min(found[stream] ?? .max, row[1])
            }
        }
        return found
    }

    private func copy(_ rereadFrom: [String: Int64]) throws -> StateCopy {
        var rows: [String: [[String: StateValue]]] = [:]
        for table in StateCopy.tables {
            rows[table] = try Row.fetchAll(db, sql: "SELECT * FROM \(table)").map { row in
                Dictionary(row.map { ($0, StateValue($1)) }, uniquingKeysWith: { first, _ in first })
            }
        }
        let sequences = try Row.fetchAll(db, sql: "SELECT name, seq FROM sqlite_sequence")
            .map { ($0[0] as String, $0[1] as Int64) }
        return StateCopy(
            schema: try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0,
            written: now.milliseconds,
            run: run,
            runStarted: try Int64.fetchOne(
                db,
                sql: "SELECT started_ms FROM run WHERE id = ?",
                arguments: [run]
            ),
            lastSeq: sequences.first { $0.0 == "event" }?.1 ?? 0,
            sequences: Dictionary(sequences, uniquingKeysWith: max),
            rereadFrom: rereadFrom,
            rows: rows
        )
    }
}

/// The rows of `recovery`.
enum Recoveries {
    /// The notification of a recovery.
    static let code = "Spool recovered"

    static func note(
        _ db: Database,
        _ kind: Recovery.Kind,
        _ cause: String,
        movedTo: String?,
        _ outcome: Salvage.Outcome,
        _ message: String,
        at now: Timestamp
    ) throws {
        try db.execute(
            sql: "INSERT INTO recovery (at_ms, kind, cause, moved_to, kept, lost) VALUES (?, ?, ?, ?, ?, ?)",
            arguments: [now.milliseconds, kind.rawValue, cause, movedTo, outcome.kept, outcome.lost]
        )
        let id = db.lastInsertedRowID
        for window in outcome.windows {
            try db.execute(
                sql: """
                    INSERT INTO recovery_window (recovery_id, stream, from_ms, polls_from_ms, to_ms)
                    VALUES (?, ?, ?, ?, ?)
                    """,
                arguments: [id, window.stream, window.from, window.pollsFrom, window.to]
            )
        }
        try Notifications.raise(
            db,
            NewNotification(code: code, severity: .critical, message: message),
            at: now
        )
    }

    /// Notes the recoveries whose windows have been read again, and clears the notification with the last
    /// one.
    static func finish(_ db: Database, at now: Timestamp) throws {
        try db.execute(
            sql: """
                UPDATE recovery SET done_ms = ?1 WHERE done_ms IS NULL AND NOT EXISTS (
                    SELECT 1 FROM recovery_window w JOIN stream t ON t.name = w.stream AND t.is_configured = 1
                    WHERE w.recovery_id = recovery.id
                        AND (t.since_ms < w.to_ms OR t.swept_to_ms < w.polls_from_ms))
                """,
            arguments: [now.milliseconds]
        )
        guard db.changesCount > 0,
            try Bool.fetchOne(db, sql: "SELECT EXISTS (SELECT 1 FROM recovery WHERE done_ms IS NULL)")
                == false
        else { return }
        try Notifications.clear(db, code, subject: "", at: now)
    }
}
