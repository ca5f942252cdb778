import GRDB
import SpoolCore
import Testing

@testable import SpoolStore

@Suite struct RetentionTests {
    @Test(
        "events settled everywhere and older than the age by the source's time are deleted with their rows"
    )
    func byAge() async throws {
        let (test, stream, sink) = try await RetentionBench.make()
        try await test.append(stream, [.at(10), .at(20), .at(5), .at(30)])
        try await test.spool.deliver(sink, limit: 2)
        try await test.spool.deliver(sink, limit: 2)

        let report = try await test.spool.prune(now: RetentionBench.now(stream, 125), age: .seconds(100))

        #expect(report.events == 3)
        #expect(!report.hasMore)
        #expect(try await test.values("SELECT seq FROM event") == [4])
        #expect(try await test.values("SELECT seq FROM record") == [4])
        #expect(try await test.values("SELECT first_seq FROM ledger") == [3])
        let status = try await test.spool.status().streams[0]
        #expect(status.kept == 1)
        #expect(status.inserted == 4)
        #expect(status.prunedTo == Timestamp.t(20) + .milliseconds(1))
    }

    @Test("events not sent to a sink stay, regardless of their age")
    func unsettledStays() async throws {
        let (test, stream, sink) = try await RetentionBench.make()
        _ = try await test.register(sinks: ["siem", "second"])
        try await test.append(stream, (1...5).map { .at($0) })
        try await test.spool.deliver(sink, limit: 3)
        let second = try #require(try await test.spool.status().sinks.first { $0.name.text == "second" })
        try await test.spool.deliver(second.id, limit: 2)

        let report = try await test.spool.prune(now: RetentionBench.now(stream, 900_000), age: .zero)

        #expect(report.events == 2)
        #expect(try await test.values("SELECT seq FROM event ORDER BY seq") == [3, 4, 5])
    }

    @Test("a ledger row is deleted with its last event, in any order of deletion")
    func ledgerRows() async throws {
        let (test, stream, sink) = try await RetentionBench.make()
        try await test.append(stream, [.at(100), .at(10), .at(200), .at(20), .at(30), .at(300)])
        for _ in 1...3 { try await test.spool.deliver(sink, limit: 2) }

        _ = try await test.spool.prune(now: RetentionBench.now(stream, 50), age: .zero)
        let young = try await test.values("SELECT first_seq FROM ledger ORDER BY id")
        _ = try await test.spool.prune(now: RetentionBench.now(stream, 150), age: .zero)
        let middle = try await test.values("SELECT first_seq FROM ledger ORDER BY id")
        _ = try await test.spool.prune(now: RetentionBench.now(stream, 400), age: .zero)
        let old = try await test.values("SELECT first_seq FROM ledger ORDER BY id")

        #expect(young == [1, 3, 5])
        #expect(middle == [3, 5])
        #expect(old == [])
    }

    @Test("nothing is deleted before the source has reported its time since the start")
    func needsSourceTime() async throws {
        let (test, stream, sink) = try await RetentionBench.make()
        try await test.append(stream, [.at(1)])
        try await test.spool.deliver(sink)

        let report = try await test.spool.prune(now: [:], age: .zero)

        #expect(report.events == 0)
    }

    @Test("retention never passes `since` or what sweeps may read again", arguments: [false, true])
    func staysBelowSweeps(bySize: Bool) async throws {
        let (test, stream, sink) = try await RetentionBench.make(maxBytes: bySize ? 1 : 20 << 30)
        try await test.append(stream, (1...9).map { .at($0 * 100) })
        try await test.spool.deliver(sink)
        _ = try await test.spool.write {
            try $0.execute(
                sql: "UPDATE stream SET swept_to_ms = ?",
                arguments: [Timestamp.t(700).milliseconds]
            )
        }

        let age: Duration = bySize ? .days(30) : .zero
        let report = try await test.spool.prune(
            now: RetentionBench.now(stream, 900_000, back: .seconds(300)),
            age: age
        )
        let first = try await test.values("SELECT created_ms FROM event ORDER BY created_ms LIMIT 1")
        _ = try await test.spool.write { db in
            try db.execute(
                sql: "UPDATE stream SET swept_to_ms = 1 << 60, cursor = ?",
                arguments: [try JSONColumn.text(Cursor(since: .t(600)))]
            )
        }
        let second = try await test.spool.prune(now: RetentionBench.now(stream, 900_000), age: age)

        #expect(report.events == 3)
        #expect(first == [Timestamp.t(400).milliseconds])
        #expect(second.events == 2)
    }

    @Test("after retention has emptied the table, new events get a higher `seq` and are returned in a batch")
    func seqNeverUsedTwice() async throws {
        let (test, stream, sink) = try await RetentionBench.make()
        try await test.append(stream, (1...5).map { .at($0) })
        try await test.spool.deliver(sink)
        _ = try await test.spool.prune(now: RetentionBench.now(stream, 900_000), age: .zero)
        #expect(try await test.value(Int.self, "SELECT count(*) FROM event") == 0)

        try await test.append(stream, [.at(1_000)])

        let watermark = try await test.spool.subscriptions(of: sink)[0].watermark
        let batch = try await test.spool.batch(of: stream, after: watermark, limit: BatchLimit(), raw: false)
        #expect(batch?.seqs == [6])
        #expect(try await test.spool.status().sinks[0].waiting == 1)
    }

    @Test("deleted events are not inserted again as new")
    func prunedStaysOut() async throws {
        let (test, stream, sink) = try await RetentionBench.make()
        try await test.append(stream, [.at(1), .at(2)])
        try await test.spool.deliver(sink)
        _ = try await test.spool.prune(now: RetentionBench.now(stream, 900_000), age: .zero)

        let receipt = try await test.append(stream, [.at(1), .at(2), .at(3)])

        #expect(receipt.inserted == 1)
    }

    @Test("a dead letter keeps its event until it is dismissed")
    func sparesDeadLetters() async throws {
        let (test, stream, sink) = try await RetentionBench.make()
        try await test.append(stream, [.at(1), .at(2)])
        try await test.spool.deliver(
            sink,
            limit: 1,
            outcome: .refused(Refusal(reason: "rejected", detail: ""))
        )
        try await test.spool.deliver(sink)

        let before = try await test.spool.prune(now: RetentionBench.now(stream, 900_000), age: .zero)
        _ = try await test.spool.dismiss([Seq(1)], of: SinkName("siem"), at: .t(5))
        let after = try await test.spool.prune(now: RetentionBench.now(stream, 900_000), age: .zero)

        #expect(before.events == 1)
        #expect(after.events == 1)
        #expect(try await test.spool.deadLetters().isEmpty)
    }

    @Test("windows completely before deleted events are deleted, and gaps begin there")
    func windowsGo() async throws {
        let (test, stream, sink) = try await RetentionBench.make()
        _ = try await test.spool.append(.poll(stream, [.at(5)], from: .t(0), to: .t(6)))
        _ = try await test.spool.append(.poll(stream, [.at(15)], from: .t(6), to: .t(20)))
        _ = try await test.spool.append(.poll(stream, [.at(25)], from: .t(20), to: .t(30)))
        try await test.spool.deliver(sink)

        _ = try await test.spool.prune(now: RetentionBench.now(stream, 116), age: .seconds(100))

        #expect(try await test.value(Int.self, "SELECT count(*) FROM fetch_window") == 2)
        #expect(try await test.gapSeconds().isEmpty)
    }
}
