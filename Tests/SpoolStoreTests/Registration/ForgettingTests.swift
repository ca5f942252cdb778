import Foundation
import GRDB
import SpoolCore
import SpoolTestSupport
import Testing

@testable import SpoolStore

@Suite struct ForgettingTests {
    typealias Sink = RosterBench.Sink

    @Test("a forgotten name is free, hidden, and starts over; its ledger stays")
    func forgottenName() async throws {
        let bench = try RosterBench()
        try await bench.configure([Sink("siem", at: "A"), Sink("other", at: "B")])
        try await bench.append(3)
        try await bench.drain()
        try await bench.append(1)
        try await bench.configure([Sink("other", at: "B")])

        let report = try await bench.forget("siem")

        #expect(
            report == ForgetReport(name: "siem", isStream: false, waiting: 1, dismissed: 0, cancelled: [])
        )
        #expect(try await bench.names() == ["contoso/activities", "other"])
        #expect(
            try await bench.test.value(
                Int.self,
                "SELECT sum(events) FROM deliveries WHERE sink LIKE 'siem@forgotten-%'"
            ) == 3
        )
        try await bench.configure([Sink("siem", at: "C", start: .beginning), Sink("other", at: "B")])
        try await bench.drain()
        #expect(bench.received["C"] == RosterBench.ids(1...4))
        #expect(bench.received["B"] == RosterBench.ids(1...4))
        await #expect(throws: StoreError.self) { try await bench.forget("siem") }
        await #expect(throws: StoreError.self) { try await bench.forget("nobody") }
    }

    @Test(
        "forgetting a sink dismisses its dead letters and cancels its replays, so neither keeps events"
    )
    func forgetsAll() async throws {
        let bench = try RosterBench()
        try await bench.configure([Sink("siem", at: "A")])
        try await bench.append(2)
        let sink = try #require(try await bench.test.spool.status().sinks.first?.id)
        try await bench.test.spool.deliver(sink, outcome: .refused(Refusal(reason: "rejected", detail: "no")))
        let replay = try await bench.test.spool.create(
            ReplayRequest(sink: SinkName("siem"), from: .t0, to: .t(100), basis: .created),
            at: .t0
        )
        try await bench.configure([])

        let report = try await bench.forget("siem")

        #expect(report.dismissed == 2 && report.cancelled == [replay.id])
        let found = try #require(try await bench.test.spool.replays(of: nil).first)
        #expect(found.state == .cancelled && found.reason == "Sink siem was forgotten.")
        let stream = try #require(try await bench.test.spool.status().streams.first?.id)
        let now = [stream: SourceTime(date: .t(2_000_000), sweepsBack: .zero)]
        #expect(try await bench.test.spool.prune(now: now, age: .zero).events == 2)
    }

    @Test("retention deletes a forgotten stream's events, and a stream of the same name starts as new")
    func forgottenStream() async throws {
        let bench = try RosterBench()
        try await bench.configure([Sink("siem", at: "A")], streams: ["contoso/activities", "b/x"])
        try await bench.append(2)
        try await bench.append(2, to: "b/x")
        try await bench.drain()
        try await bench.configure([Sink("siem", at: "A")], streams: ["b/x"])

        try await bench.forget("contoso/activities")

        #expect(try await bench.names() == ["b/x", "siem"])
        let kept = try #require(try await bench.test.spool.status().streams.first?.id)
        let now = [kept: SourceTime(date: .t(2_000_000), sweepsBack: .zero)]
        #expect(try await bench.test.spool.prune(now: now, age: .zero).events == 4)
        try await bench.configure([Sink("siem", at: "A")], streams: ["contoso/activities", "b/x"])
        #expect(try await bench.test.spool.status().streams.map(\.inserted) == [2, 0])
        #expect(bench.said.isEmpty)
    }

    @Test("marks of poison records and the notification of lost events follow a rename")
    func marksFollow() async throws {
        let bench = try RosterBench()
        try await bench.configure([Sink("siem", at: "A")])
        try await bench.test.spool.mark(PoisonMark(step: .batch, subject: "siem", place: "p"), at: .t0)
        try await bench.test.spool.mark(
            PoisonMark(step: .page, subject: "contoso/activities", place: "p"),
            at: .t0
        )

        try await bench.configure(
            [Sink("new", at: "A", from: "siem")],
            streams: ["acme/activities<contoso/activities"]
        )

        let subjects = try await bench.test.spool.read { db in
            try String.fetchAll(db, sql: "SELECT subject FROM crash_mark ORDER BY subject")
        }
        #expect(subjects == ["acme/activities", "new"])
    }

    @Test("a schema upgrade frees the names of sinks that earlier versions forgot")
    func migratesForgotten() async throws {
        let queue = try DatabaseQueue()

        let names = try await queue.write { db in
            try db.execute(sql: Migrations.all[0].sql)
            try db.execute(
                sql: """
                    INSERT INTO stream (name, source, kind, is_configured) VALUES ('a/x', 'a', 1, 1);
                    INSERT INTO sink (name, type, state) VALUES ('gone', 'syslog', 'disabled'),
                        ('left', 'syslog', 'disabled'), ('here', 'syslog', 'connected');
                    INSERT INTO subscription (sink_id, stream_id, state, watermark_seq, passed)
                    VALUES (2, 1, 'left', 0, 0), (3, 1, 'active', 0, 0);
                    """
            )
            try db.execute(sql: Migrations.all.first { $0.name == "0005_renaming" }?.sql ?? "")
            return try String.fetchAll(db, sql: "SELECT name FROM sink WHERE replay_id IS NULL ORDER BY id")
        }

        #expect(names == ["left", "here"])
    }

    @Test("a replay to a sink that an earlier version forgot is cancelled at the next start, with the reason")
    func endsForgottenReplays() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path("spool.db")
        let queue = try DatabaseQueue(path: path)
        try await queue.writeWithoutTransaction { db in
            try Migrations.run(db, path: path, steps: Migrations.all.prefix { $0.name != "0005_renaming" })
            try db.execute(
                sql: """
                    INSERT INTO stream (name, source, kind, is_configured) VALUES ('a/x', 'a', 1, 1);
                    INSERT INTO sink (name, type, state) VALUES ('gone', 'syslog', 'disabled'),
                        ('here', 'syslog', 'connected');
                    INSERT INTO subscription (sink_id, stream_id, state, start_seq, watermark_seq, passed)
                    VALUES (2, 1, 'active', 0, 0, 0);
                    INSERT INTO replay (sink_id, basis, from_ms, to_ms, mode, state, total, skipped,
                        created_ms, moved_ms)
                    VALUES (1, 'created', 0, 9, 'window', 'running', 5, 0, 1, 1),
                        (1, 'created', 0, 9, 'window', 'paused', 5, 0, 1, 1),
                        (2, 'created', 0, 9, 'window', 'running', 5, 0, 1, 1);
                    """
            )
        }
        try queue.close()

        let spool = try Spool.open(path: path, options: .small, at: .t0)
        let replays = try await spool.read { db in
            try Row.fetchAll(db, sql: "SELECT state, reason, finished_ms IS NOT NULL FROM replay ORDER BY id")
                .map { "\($0[0] as String) \($0[1] as String? ?? "-") \($0[2] as Bool)" }
        }
        try await spool.close(at: .t(1))

        #expect(
            replays == [
                "cancelled Sink gone was forgotten. true", "cancelled Sink gone was forgotten. true",
                "running - false",
            ]
        )
    }
}
