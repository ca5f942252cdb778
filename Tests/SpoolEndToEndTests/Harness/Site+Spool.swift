import Foundation
import SpoolReceiver
import SpoolSimulator
import SpoolTestSupport

/// An event of the spool as read by `sqlite3`.
struct SpooledEvent: Decodable, Sendable, Hashable {
    let seq: Int64
    let stream: String
    let id: String
    let occurred: Int64
    let created: Int64
}

/// A row of the ledger.
struct LedgerRow: Decodable, Sendable, Hashable {
    let sink: String
    let stream: String
    let replay: Int64?
    let first_seq: Int64
    let last_seq: Int64
    let events: Int
    let outcome: String
    let doubtful: Int
}

extension Site {
    /// Queries the spool's file with the plain `sqlite3` shell, with or without a running daemon.
    func query<Row: Decodable>(_ sql: String, as row: Row.Type = Row.self) async throws -> [Row] {
        let answer = try await Child.answer("sqlite3", ["-json", "-readonly", spoolPath, sql])
        guard answer.code == 0 else { throw HarnessFailure("sqlite3: \(answer)") }
        guard !answer.output.isEmpty else { return [] }
        return try JSONDecoder().decode([Row].self, from: Data(answer.output.utf8))
    }

    /// The number that a query returns.
    func number(_ sql: String) async throws -> Int {
        struct Row: Decodable { let n: Int? }
        return try await query("SELECT (\(sql)) AS n", as: Row.self).first?.n ?? 0
    }

    /// Every event of the spool, in `seq` order.
    func events(where condition: String = "1") async throws -> [SpooledEvent] {
        try await query(
            """
            SELECT e.seq, t.name AS stream, e.external_id AS id, e.occurred_ms AS occurred,
                e.created_ms AS created
            FROM event e JOIN stream t ON t.id = e.stream_id WHERE \(condition) ORDER BY e.seq
            """
        )
    }

    /// The ledger, in the order of writing.
    func ledger() async throws -> [LedgerRow] {
        try await query(
            """
            SELECT sink, stream, replay, first_seq, last_seq, events, outcome, doubtful
            FROM deliveries ORDER BY id
            """
        )
    }

    /// The ids of the portal's records of both streams that are visible by now.
    var visible: Set<String> {
        simulator.visibleIDs(.activities).union(simulator.visibleIDs(.alerts))
    }

    /// The ids that pages have contained.
    var shown: Set<String> {
        simulator.shownIDs(.activities).union(simulator.shownIDs(.alerts))
    }

    /// Stops the portal from adding records, and returns once all its records are in the spool.
    @discardableResult
    func fetchAll(within limit: Duration = .seconds(90)) async throws -> Set<String> {
        simulator.setRate(activitiesPerSecond: 0)
        let visible = visible
        try await eventually(
            "\(visible.count) events are in the spool",
            within: limit,
            state: { "There are \(try await self.number("SELECT count(*) FROM event"))." }
        ) { try await number("SELECT count(*) FROM event WHERE readable") >= visible.count }
        return visible
    }

    /// Returns once no event waits for a sink.
    func drain(_ sink: String, within limit: Duration = .seconds(90)) async throws {
        try await eventually(
            "no event waits for \(sink)",
            within: limit,
            state: { "\(try await self.number(Self.waiting(sink))) wait." }
        ) { try await number(Self.waiting(sink)) == 0 }
    }

    /// How many events wait for a sink.
    func waiting(_ sink: String) async throws -> Int { try await number(Self.waiting(sink)) }

    private static func waiting(_ sink: String) -> String {
        "SELECT coalesce(sum(waiting), 0) FROM backlog WHERE sink = '\(sink)'"
    }
}

extension Receiver {
    /// Returns once `count` different ids have arrived.
    func await(ids count: Int, within limit: Duration = .seconds(90)) async throws {
        try await SpoolEndToEndTests.within(limit, "\(count) ids at the receiver") {
            do {
                try await self.waitFor(ids: count)
            } catch is CancellationError {
                throw HarnessFailure("\(self.counts.ids) of \(count) ids arrived")
            }
        }
    }
}
