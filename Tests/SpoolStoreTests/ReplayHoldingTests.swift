import GRDB
import SpoolCore
import Testing

@testable import SpoolStore

@Suite("What an estimate reports besides its counts") struct ReplayHoldingTests {
    private static let siem = SinkName("siem")
    private static let url = "tcp://127.0.0.1:1514"

    private static func request(_ basis: ReplayBasis = .occurred) -> ReplayRequest {
        ReplayRequest(sink: siem, from: .t(1), to: .t(3), basis: basis)
    }

    @Test("the events of each stream on the requested basis, and the limits of retention and start")
    func holdings() async throws {
        let test = try TestSpool()
        let (stream, sink) = try await test.register().only()
        try await test.spool.begin(stream, start: .t0, sweptTo: .t(1_000_000))
        var late = Event.at(9, "late")
        late.occurred = .t(20)
        try await test.append(stream, (1...8).map { .at($0) } + [late])
        try await test.spool.deliver(sink)
        let before = try await test.spool.estimate(Self.request())
        let now = [stream: SourceTime(date: .t(105) + .milliseconds(500), sweepsBack: .zero)]
        _ = try await test.spool.prune(now: now, age: .seconds(100))

        let occurred = try #require(try await test.spool.estimate(Self.request()).holdings.first)
        let created = try #require(try await test.spool.estimate(Self.request(.created)).holdings.first)

        #expect(before.holdings.first?.prunedTo == nil && before.holdings.first?.oldest == .t(1))
        #expect(occurred.name.description == "contoso/activities")
        #expect((occurred.events, occurred.oldest, occurred.newest) == (4, .t(6), .t(20)))
        #expect((created.oldest, created.newest) == (.t(6), .t(9)))
        #expect(occurred.start == .t0)
        #expect(occurred.prunedTo.map { $0 > .t(5) && $0 <= .t(6) } == true)
        #expect(occurred.readTo == .t(1_000_000))
    }

    @Test("both ends are read from the index", arguments: ReplayBasis.allCases)
    func plan(_ basis: ReplayBasis) async throws {
        let test = try TestSpool()

        let plan = try await test.spool.read { db in
            try Row.fetchAll(db, sql: "EXPLAIN QUERY PLAN \(Holdings.sql(basis))", arguments: [1])
                .map { $0["detail"] as String }
        }

        #expect(plan.count { $0.contains("SEARCH event USING COVERING INDEX event_\(basis.rawValue)") } == 2)
        #expect(!plan.contains { $0.contains("B-TREE") })
    }

    @Test("a stream without events has no ends")
    func nothing() async throws {
        let test = try TestSpool()
        _ = try await test.register()

        let holding = try #require(try await test.spool.estimate(Self.request()).holdings.first)

        #expect(holding.events == 0 && holding.oldest == nil && holding.newest == nil)
        #expect(holding.start == nil && holding.prunedTo == nil && holding.readTo == nil)
    }

    @Test("the rate of a sink is unknown before its first event, then from its ledger or its busiest minute")
    func seen() async throws {
        let test = try TestSpool()
        let (stream, sink) = try await test.register().only()
        let none = try await test.spool.estimate(Self.request()).seenRate

        try await test.append(stream, (1...60).map { .at($0) })
        try await test.spool.deliver(sink)
        let ledger = try await test.spool.estimate(Self.request()).seenRate
        try await Self.sample(test, sink, [(0, 0), (60, 6_000), (120, 18_000), (4_000, 900_000)])
        let minute = try await test.spool.estimate(Self.request()).seenRate

        #expect(none == nil)
        #expect(ledger?.basis == .ledger && ledger?.rate == 60)
        #expect(minute == ReplayEstimate.SeenRate(rate: 200, basis: .minute))
    }

    @Test("a measured rate takes precedence over an observed one")
    func measured() async throws {
        let test = try TestSpool()
        let (stream, sink) = try await test.register().only()
        try await test.append(stream, [.at(1)])
        try await test.spool.deliver(sink)
        try await test.spool.write { db in try db.execute(sql: "UPDATE sink SET rate = 500") }

        let estimate = try await test.spool.estimate(Self.request())

        #expect(estimate.sinkRate == 500 && estimate.seenRate == nil)
    }

    @Test(
        "the rate of a destination is from its last replay, unless that was limited or refetched"
    )
    func destination() async throws {
        let test = try TestSpool()
        let (stream, _) = try await test.register().only()
        try await test.append(stream, (1...60).map { .at($0) })
        var request = Self.request()
        request.destination = Self.url
        var paced = request
        paced.rate = 1
        let none = try await test.spool.estimate(request).seenRate
        for (asked, end) in [(request, 30), (paced, 40)] {
            let replay = try await test.spool.create(asked, at: .t(0))
            try await test.spool.write { db in
                try db.execute(sql: "UPDATE replay SET sent = 600 WHERE id = ?", arguments: [replay.id.value])
            }
            try await test.spool.move(replay.id, to: .disabled, at: .t(end))
        }
        var other = request
        other.destination = "tcp://127.0.0.1:1515"

        let seen = try await test.spool.estimate(request).seenRate

        #expect(none == nil)
        #expect(seen == ReplayEstimate.SeenRate(rate: 20, basis: .replay))
        #expect(try await test.spool.estimate(other).seenRate == nil)
    }

    /// Samples of a sink: seconds after `t0`, and events settled by then.
    private static func sample(_ test: TestSpool, _ sink: SinkID, _ samples: [(at: Int, settled: Int)])
        async throws
    {
        try await test.spool.write { db in
            for sample in samples {
                try db.execute(
                    sql: "INSERT INTO sink_sample (at_ms, sink_id, settled, waiting) VALUES (?, ?, ?, 0)",
                    arguments: [Timestamp.t(sample.at).milliseconds, sink.value, sample.settled]
                )
            }
        }
    }
}
