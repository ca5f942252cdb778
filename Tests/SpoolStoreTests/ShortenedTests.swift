import GRDB
import SpoolCore
import Testing

@testable import SpoolStore

@Suite("Messages that were shortened")
struct ShortenedTests {
    private func settle(
        _ test: TestSpool,
        _ sink: SinkID,
        _ stream: StreamID,
        _ range: ClosedRange<Int64>,
        cut: [Int64]
    ) async throws {
        var commit = DeliveryCommit(sink: sink, at: .t(50))
        var entry = LedgerEntry(
            stream: stream,
            first: Seq(range.lowerBound),
            last: Seq(range.upperBound),
            outcome: .delivered(.sent),
            events: range.count,
            bytes: 100,
            attempts: 1,
            sent: .t(40),
            settled: .t(50)
        )
        entry.cut = cut.map { Seq($0) }
        commit.entries = [entry]
        try await test.spool.settle(commit)
    }

    @Test("are counted per sink, listed by the view, and shown only in the trace of these events")
    func told() async throws {
        let test = try TestSpool()
        let registration = try await test.register()
        let stream = try #require(registration.streams.values.first)
        let sink = try #require(registration.sinks.values.first)
        try await test.append(stream, (1...4).map { .at($0) })

        try await settle(test, sink, stream, 1...3, cut: [2, 3])
        try await settle(test, sink, stream, 4...4, cut: [])

        #expect(try await test.spool.status().sinks.first?.shortened == 2)
        #expect(try await test.values("SELECT seq FROM shortened ORDER BY seq") == [2, 3])
        #expect(try await test.value(String.self, "SELECT id FROM shortened WHERE seq = 3") == "e3")
        #expect(try await test.value(Int64.self, "SELECT record_bytes FROM shortened WHERE seq = 3") == 12)
        var shortened: [Bool?] = []
        for id in ["e1", "e2", "e3", "e4"] {
            shortened.append(try await test.spool.trace(id).first?.sinks.first?.deliveries.first?.isShortened)
        }
        #expect(shortened == [false, true, true, false])
    }

    @Test("a spool of the first schema with ledger rows gets the columns")
    func migrates() throws {
        let queue = try DatabaseQueue()
        try queue.writeWithoutTransaction { db in
            try Migrations.run(db, path: "memory", steps: Migrations.all[..<1])
            try db.execute(
                sql: """
                    INSERT INTO sink (name, type) VALUES ('siem', 'syslog');
                    INSERT INTO stream (id, name, source, kind, is_configured) VALUES (1, 'a/b', 'a', 1, 1);
                    INSERT INTO ledger (sink_id, stream_id, first_seq, last_seq, outcome, evidence, events,
                        bytes, attempts, sent_ms, settled_ms)
                    VALUES (1, 1, 1, 3, 'delivered', 'sent', 3, 9, 1, 5, 6);
                    """
            )
            try Migrations.run(db, path: "memory")

            #expect(try Int.fetchOne(db, sql: "SELECT count(*) FROM ledger WHERE cut IS NULL") == 1)
            #expect(try Int.fetchOne(db, sql: "SELECT cut FROM sink") == 0)
            #expect(try Int.fetchOne(db, sql: "SELECT count(*) FROM shortened") == 0)
        }
    }
}
