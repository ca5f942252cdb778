import GRDB
import SpoolCore
import Testing

@testable import SpoolStore

@Suite("The cost of repeated statements does not depend on the size of the spool")
struct PlanTests {
    /// Everything the daemon does by itself: fetching, delivery, notifications, metrics, retention, status.
    private static func work(_ test: TestSpool, _ stream: StreamID, _ sink: SinkID) async throws {
        let spool = test.spool
        let siem = SinkName("siem")
        let position = try await spool.lagPosition()
        try await test.append(stream, (1...6).map { .at($0) })
        try await spool.append(.poll(stream, [], from: .t(900_000)))
        try await spool.append(.poll(stream, [], from: .t(950_000)))
        let connection = try await spool.opened(sink, address: "siem:514", transport: "tcp", at: .t(5))
        try await spool.deliver(sink, limit: 2, connection: connection)
        try await spool.deliver(sink, limit: 1, outcome: .refused(Refusal(reason: "rejected", detail: "no")))
        try await spool.deliver(sink, limit: 2, settled: .t(5_000_000))
        try await spool.closed(connection, clean: false, at: .t(20))
        try await spool.report(SinkReport(state: .retrying, lastError: "no", at: .t(21)), of: sink)
        _ = try await spool.requeue([Seq(3)], to: siem, at: .t(22))
        let replay = try await spool.create(
            ReplayRequest(sink: siem, from: .t0, to: .t(9), missingOnly: true),
            at: .t(22)
        )
        _ = try await spool.batch(
            of: replay.id,
            stream: stream,
            after: Seq(0),
            limit: BatchLimit(),
            raw: true
        )
        try await spool.move(replay.id, to: .cancelled, at: .t(23))
        try await look(spool, stream, sink, since: position)
        let source = SourceTime(date: .t(900_000), sweepsBack: .zero)
        let report = try await spool.prune(now: [stream: source], age: .zero)
        #expect(report.events > 0)
    }

    private static func look(_ spool: Spool, _ stream: StreamID, _ sink: SinkID, since position: LagPosition)
        async throws
    {
        _ = try await spool.status()
        _ = try await spool.failures()
        _ = try await spool.rates(at: .t(30))
        _ = try await spool.history(from: .t0, step: .minutes(10), count: 10)
        try await spool.sample(at: .t(30))
        _ = try await spool.walReport(at: .t(30))
        try await spool.noteGaps(at: .t(9_000_000))
        _ = try await spool.coverage(healedSince: .t0, at: .t(30))
        _ = try await spool.losses()
        _ = try await spool.uncovered(of: stream)
        _ = try await spool.lags(after: position)
        _ = try await spool.replays(of: nil)
        _ = try await spool.subscriptions(of: sink)
        _ = try await spool.lastProof()
        _ = try await spool.inserted(into: .notifications)
        _ = try await spool.growth()
        try await spool.raise(NewNotification(code: "c", severity: .error, message: "m"), at: .t(30))
        try await spool.clearNotification("c", at: .t(31))
    }

    @Test(
        "no statement of the daemon's own work scans events, ledger, windows or connections"
    )
    func periodic() async throws {
        var options = SpoolOptions.small
        options.readers = 1
        let test = try TestSpool(options: options)
        let (stream, sink) = try await test.register().only()
        try await test.spool.begin(stream, start: .t0, sweptTo: .t(1_000_000))
        let log = try await StatementLog(of: test.spool)

        try await Self.work(test, stream, sink)

        let statements = log.statements
        #expect(statements.count > 80)
        for expected in [
            "DELETE FROM ledger", "UPDATE subscription", "FROM sink_sample", "INSERT INTO event",
        ] {
            #expect(statements.contains { $0.contains(expected) }, "\(expected)")
        }
        for statement in statements {
            let scans = try await test.spool.read { try StatementLog.scans($0, statement) }
            #expect(scans == [], "\(statement)")
        }
    }

    @Test(
        "no statement at a start, the end of a replay or the end of a window does so either",
        arguments: [
            SinkConnections.closeSQL, OwnStream.ledgerSQL, FetchWindow.neighbourSQL, PruneSlice.ledgerSQL,
            PruneScan.settledSQL, Departures.connectionsSQL,
        ]
    )
    func rare(sql: String) async throws {
        let test = try TestSpool()

        #expect(try await test.spool.read { try StatementLog.scans($0, sql) } == [])
    }

    @Test(
        "the views for daily use do not do so either",
        arguments: ["backlog", "coverage", "health", "replays"]
    )
    func views(name: String) async throws {
        let test = try TestSpool()

        let scans = try await test.spool.read { db in
            let details = try Row.fetchAll(db, sql: "EXPLAIN QUERY PLAN SELECT * FROM \(name)")
                .map { $0["detail"] as String }
            // By the aliases in the views: events `o` and `n`, and no other growing table.
            return details.filter { $0.hasPrefix("SCAN o") || $0.hasPrefix("SCAN n ") || $0 == "SCAN n" }
        }

        #expect(scans == [])
    }

    @Test(
        "a scan is detected by the table's name or an alias",
        arguments: [
            ("SELECT count(*) FROM event WHERE message = 'x'", ["event"]),
            ("SELECT 1 FROM stream s JOIN ledger l WHERE l.events > s.id", ["ledger"]),
            ("SELECT 1 FROM ledger AS x WHERE x.bytes = 1", ["ledger"]),
            ("SELECT 1 FROM ledger l WHERE l.id = 5", []), ("SELECT count(*) FROM sink k", []),
        ]
    )
    func finder(sql: String, tables: [String]) async throws {
        let test = try TestSpool()

        #expect(try await test.spool.read { try StatementLog.scans($0, sql) } == tables)
    }

    @Test("status finds active notifications with their own index")
    func notifications() async throws {
        var options = SpoolOptions.small
        options.readers = 1
        let test = try TestSpool(options: options)
        let log = try await StatementLog(of: test.spool)

        _ = try await test.spool.status()

        let statement = try #require(log.statements.first { $0.contains("FROM notification") })
        let plan = try await test.plan(statement, arguments: 1)
        #expect(plan.contains { $0.contains("notification_open") }, "\(plan)")
    }
}
