import GRDB
package import SpoolCore

/// The names of streams and sinks.
package struct SpoolNames: Sendable, Equatable {
    package let streams: [StreamName]
    package let sinks: [SinkName]
}

extension Spool {
    /// A number that changes whenever the spool changes; the only cheap way for another process to detect a
    /// change.
    package func dataVersion() async throws(StoreError) -> Int64 {
        try await read { try Int64.fetchOne($0, sql: "PRAGMA data_version") ?? 0 }
    }

    /// The streams and sinks in the spool, including those that belong to replays, excluding forgotten ones.
    package func names() async throws(StoreError) -> SpoolNames {
        try await read { db in
            let names = { (table: String) in
                try String.fetchAll(
                    db,
                    sql: "SELECT name FROM \(table) WHERE coalesce(replay_id, 1) > 0 ORDER BY id"
                )
            }
            return SpoolNames(
                streams: try names("stream").map(Names.stream),
                sinks: try names("sink").map { SinkName($0) }
            )
        }
    }

    /// The greatest `seq`; 0 in an empty spool.
    package func greatestSeq() async throws(StoreError) -> Seq {
        try await read { Seq(try Int64.fetchOne($0, sql: "SELECT max(seq) FROM event") ?? 0) }
    }

    /// At most `limit` events after `after` in the order of spooling, in one short read.
    package func tail(after: Seq, limit: Int) async throws(StoreError) -> [TailRow] {
        try await tail("e.seq > ? ORDER BY e.seq LIMIT ?", [after.value, Int64(limit)])
    }

    /// The last `limit` events before `before`, newest first.
    package func tail(before: Seq, limit: Int) async throws(StoreError) -> [TailRow] {
        try await tail("e.seq < ? ORDER BY e.seq DESC LIMIT ?", [before.value, Int64(limit)])
    }

    /// At most `limit` events that a settlement covers, after `after`.
    package func tail(of settlement: TailSettlement, after: Seq, limit: Int) async throws(StoreError)
        -> [TailRow]
    {
        try await read { db in
            guard
                let stream = try Int64.fetchOne(
                    db,
                    sql: "SELECT stream_id FROM ledger WHERE id = ?",
                    arguments: [settlement.row]
                )
            else { return [] }
            return try Self.rows(
                db,
                "e.stream_id = ? AND e.seq > ? AND e.seq BETWEEN ? AND ? ORDER BY e.seq LIMIT ?",
                [stream, after.value, settlement.first.value, settlement.last.value, Int64(limit)]
            )
        }
    }

    /// The id of the newest ledger row; 0 when there is none.
    package func greatestLedgerRow() async throws(StoreError) -> Int64 {
        try await read { try Int64.fetchOne($0, sql: "SELECT max(id) FROM ledger") ?? 0 }
    }

    /// Settlements after a ledger row, oldest first.
    package func settlements(after row: Int64, limit: Int) async throws(StoreError) -> [TailSettlement] {
        try await settlements("l.id > ? ORDER BY l.id LIMIT ?", [row, Int64(limit)])
    }

    /// The last settlements before a ledger row, newest first.
    package func settlements(before row: Int64, limit: Int) async throws(StoreError) -> [TailSettlement] {
        try await settlements("l.id < ? ORDER BY l.id DESC LIMIT ?", [row, Int64(limit)])
    }

    private func tail(_ condition: String, _ values: [Int64]) async throws(StoreError) -> [TailRow] {
        try await read { try Self.rows($0, condition, values) }
    }

    private static func rows(_ db: Database, _ condition: String, _ values: [Int64]) throws -> [TailRow] {
        let rows = try Row.fetchCursor(
            db.cachedStatement(
                sql: """
                    SELECT e.seq, t.name, CAST(e.external_id AS BLOB), e.kind, e.occurred_ms, e.created_ms,
                        e.fetched_ms, e.severity, CAST(e.category AS BLOB), CAST(e.action AS BLOB),
                        CAST(e.message AS BLOB), CAST(e.user_name AS BLOB), CAST(e.app_name AS BLOB),
                        CAST(e.ip AS BLOB), CAST(e.country AS BLOB)
                    FROM event e JOIN stream t ON t.id = e.stream_id WHERE \(condition)
                    """
            ),
            arguments: StatementArguments(values)
        )
        var found: [TailRow] = []
        while let row = try rows.next() {
            found.append(
                TailRow(
                    seq: Seq(row[0]),
                    stream: try Names.stream(row[1]),
                    id: row.wholeText(2),
                    kind: EventWords.kind(row[3]),
                    occurred: Timestamp(milliseconds: row[4]),
                    created: Timestamp(milliseconds: row[5]),
                    fetched: Timestamp(milliseconds: row[6]),
                    severity: EventWords.severity(row[7]),
                    category: row.wholeText(8),
                    action: row.wholeText(9),
                    message: row.wholeText(10),
                    userName: row.wholeText(11),
                    appName: row.wholeText(12),
                    ip: row.wholeText(13),
                    country: row.wholeText(14)
                )
            )
        }
        return found
    }

    private func settlements(_ condition: String, _ values: [Int64]) async throws(StoreError)
        -> [TailSettlement]
    {
        try await read { db in
            let rows = try Row.fetchAll(
                db,
                sql: """
                    SELECT l.id, k.name, t.name, l.replay_id, l.first_seq, l.last_seq, l.outcome, l.evidence,
                        l.settled_ms
                    FROM ledger l JOIN sink k ON k.id = l.sink_id JOIN stream t ON t.id = l.stream_id
                    WHERE \(condition)
                    """,
                arguments: StatementArguments(values)
            )
            return try rows.map { row in
                TailSettlement(
                    row: row[0],
                    sink: SinkName(row[1]),
                    stream: try Names.stream(row[2]),
                    replay: (row[3] as Int64?).map { ReplayID($0) },
                    first: Seq(row[4]),
                    last: Seq(row[5]),
                    outcome: row[6],
                    evidence: row[7],
                    settled: Timestamp(milliseconds: row[8])
                )
            }
        }
    }
}

/// The texts that the view `events` shows for numbers.
enum EventWords {
    static func kind(_ number: Int) -> String { (EventKind(rawValue: number) ?? .activity).name }

    static func severity(_ number: Int?) -> String? {
        switch number {
        case 0: "low"
        case 1: "medium"
        case 2: "high"
        case 3: "informational"
        default: nil
        }
    }
}

/// The data of an event that `spool tail` shows.
package struct TailRow: Sendable, Equatable, Encodable {
    package let seq: Seq
    package let stream: StreamName
    package let id: String
    /// `activity` or `alert`.
    package let kind: String
    package let occurred: Timestamp
    package let created: Timestamp
    package let fetched: Timestamp
    /// As in the view `events`; nil where the record has none.
    package let severity: String?
    package let category: String
    package let action: String
    package let message: String
    package let userName: String
    package let appName: String
    package let ip: String
    package let country: String

    private enum CodingKeys: String, CodingKey {
        case seq, stream, id, kind, severity, category, action, message, ip, country
        case occurred = "occurred_ms"
        case created = "created_ms"
        case fetched = "fetched_ms"
        case userName = "user_name"
        case appName = "app_name"
    }
}

/// What a ledger row records about a range of events of one stream.
package struct TailSettlement: Sendable, Equatable, Encodable {
    /// The ledger row.
    package let row: Int64
    package let sink: SinkName
    package let stream: StreamName
    package let replay: ReplayID?
    package let first: Seq
    package let last: Seq
    package let outcome: String
    package let evidence: String?
    package let settled: Timestamp

    private enum CodingKeys: String, CodingKey {
        case row = "ledger_row"
        case sink, stream, replay, outcome, evidence
        case first = "first_seq"
        case last = "last_seq"
        case settled = "settled_ms"
    }
}
