import Foundation
import GRDB
import SpoolCore
import SpoolTestSupport

@testable import SpoolStore

/// A spool in its own temporary folder, which is removed with it.
final class TestSpool: Sendable {
    let folder: TemporaryFolder
    let spool: Spool

    var path: String { spool.path }

    init(options: SpoolOptions = .small, at now: Timestamp = .t0) throws {
        folder = try TemporaryFolder()
        spool = try Spool.open(
            path: folder.path("spool.db"),
            options: options,
            at: now
        )
    }

    /// Registers streams by name and sinks that subscribe to all of them.
    func register(
        streams: [String] = ["contoso/activities"],
        sinks: [String] = ["siem"],
        start: SubscriptionStart? = nil
    ) async throws -> Registration {
        let names = streams.compactMap { StreamName($0) }
        return try await spool.register(
            Topology(
                streams: names.map { Topology.Stream(name: $0, kind: .activity, filterHash: "f") },
                sinks: sinks.map {
                    Topology.Sink(name: SinkName($0), type: "syslog", streams: names, start: start)
                }
            ),
            at: .t0
        )
    }

    /// Spools the given records in a poll of one page.
    @discardableResult
    func append(
        _ stream: StreamID,
        _ events: [Event],
        raw: @escaping @Sendable (Event) -> String = { "{\"_id\":\"\($0.externalID)\"}" }
    ) async throws -> PageReceipt {
        try await spool.append(.poll(stream, events, raw: raw))
    }

    /// One value from the spool.
    func value<Value: DatabaseValueConvertible & Sendable>(
        _ type: Value.Type = Value.self,
        _ sql: String,
        _ arguments: [Int64] = []
    ) async throws -> Value? {
        try await spool.read { try Value.fetchOne($0, sql: sql, arguments: StatementArguments(arguments)) }
    }

    func values(_ sql: String, _ arguments: [Int64] = []) async throws -> [Int64] {
        try await spool.read { try Int64.fetchAll($0, sql: sql, arguments: StatementArguments(arguments)) }
    }
}

extension SpoolOptions {
    /// Options without a reserve of 64 MiB for each test.
    static var small: SpoolOptions {
        var options = SpoolOptions(holder: "a test")
        options.reserveBytes = 0
        options.lowDiskBytes = 0
        return options
    }
}

extension Timestamp {
    static let t0 = Timestamp(milliseconds: 1_767_225_600_000)

    /// Seconds after `t0`.
    static func t(_ seconds: Int) -> Timestamp { t0 + .seconds(seconds) }
}

extension Event {
    /// A readable activity that was created `seconds` after `t0`.
    static func at(_ seconds: Int, _ id: String? = nil, message: String = "signed in") -> Event {
        var event = Event(
            externalID: id ?? "e\(seconds)",
            kind: .activity,
            occurred: .t(seconds),
            created: .t(seconds)
        )
        event.severity = 1
        event.category = "EVENT_CATEGORY_LOGIN"
        event.message = message
        return event
    }
}

extension PageCommit {
    /// The only page of a poll.
    static func poll(
        _ stream: StreamID,
        _ events: [Event],
        from: Timestamp = .t0,
        to: Timestamp = .t(1_000_000),
        raw: (Event) -> String = { "{\"_id\":\"\($0.externalID)\"}" }
    ) -> PageCommit {
        PageCommit(
            stream: stream,
            page: .of(events, date: to, raw: raw),
            scan: Scan(reason: .poll, from: from, to: nil, filterHash: "f"),
            windowEnd: to,
            ended: .complete,
            progress: StreamProgress(start: .t0, cursor: Cursor(since: to), sweptTo: .t0),
            fetched: to
        )
    }
}

extension Page {
    static func of(
        _ events: [Event],
        date: Timestamp,
        next: String? = nil,
        raw: (Event) -> String = { "{\"_id\":\"\($0.externalID)\"}" }
    ) -> Page {
        var body: [UInt8] = []
        let records = events.map { event in
            let start = body.count
            body += Array(raw(event).utf8)
            return PageRecord(raw: start..<body.count, event: event)
        }
        return Page(body: body, records: records, date: date, next: next)
    }
}

extension EventBatch {
    var ids: [String] { (0..<count).map { string(.externalID, at: $0) } }
}

extension LedgerEntry {
    /// A live ledger entry for events `first` to `last`.
    static func live(
        _ stream: StreamID,
        _ first: Seq,
        _ last: Seq,
        events: Int,
        outcome: Outcome = .delivered(.acknowledged),
        connection: ConnectionID? = nil,
        replay: ReplayID? = nil,
        settled: Timestamp = .t(10),
        position: Int64 = 0
    ) -> LedgerEntry {
        var entry = LedgerEntry(
            stream: stream,
            first: first,
            last: last,
            outcome: outcome,
            events: events,
            bytes: events * 100,
            attempts: 1,
            sent: settled,
            settled: settled
        )
        (entry.replay, entry.connection, entry.position) = (replay, connection, position)
        return entry
    }
}

extension Spool {
    /// Delivers the pending events of a live lane in one batch with one outcome.
    func deliver(
        _ sink: SinkID,
        limit: Int = 1_000,
        outcome: Outcome = .delivered(.acknowledged),
        connection: ConnectionID? = nil,
        settled: Timestamp = .t(10),
        position: Int64 = 0
    ) async throws {
        for subscription in try await subscriptions(of: sink) {
            guard
                let batch = try await batch(
                    of: subscription.stream,
                    after: subscription.watermark,
                    limit: BatchLimit(events: limit),
                    raw: false
                ), let first = batch.first, let last = batch.last
            else { continue }
            var commit = DeliveryCommit(sink: sink, at: settled)
            commit.entries = [
                .live(
                    subscription.stream,
                    first,
                    last,
                    events: batch.count,
                    outcome: outcome,
                    connection: connection,
                    settled: settled,
                    position: position
                )
            ]
            commit.watermarks = [subscription.id: last]
            try await settle(commit)
        }
    }
}

extension Spool {
    /// Runs retention with equal local and source clocks.
    @discardableResult
    func prune(
        now: [StreamID: SourceTime],
        age: Duration,
        isStopped: @Sendable () -> Bool = { false }
    ) async throws -> PruneReport {
        try await prune(now: now, at: now.values.map(\.date).max() ?? .t0, age: age, isStopped: isStopped)
    }
}
