import GRDB
import SpoolCore
import Testing

@testable import SpoolStore

@Suite("finished replays")
struct ForgottenReplayTests {
    private static func replay(_ test: TestSpool, _ destination: String? = nil) async throws -> Replay {
        try await test.spool.create(
            ReplayRequest(sink: SinkName("siem"), destination: destination, from: .t(0), to: .t(100)),
            at: .t(200)
        )
    }

    @Test("a loop reads only unfinished replays of its own sink")
    func unfinished() async throws {
        let test = try TestSpool()
        let sinks = try await test.register(sinks: ["siem", "other"]).sinks
        let ended = try await Self.replay(test)
        let running = try await Self.replay(test)
        let paused = try await Self.replay(test)
        try await test.spool.move(ended.id, to: .cancelled, at: .t(300))
        try await test.spool.move(paused.id, to: .paused, at: .t(300))

        let found = try await test.spool.unfinishedReplays(of: sinks[SinkName("siem")])
        let others = try await test.spool.unfinishedReplays(of: sinks[SinkName("other")])

        #expect(found.map(\.id) == [paused.id, running.id])
        #expect(found.allSatisfy { !$0.streams.isEmpty })
        #expect(others.isEmpty)
        #expect(try await test.spool.replays(of: nil).count == 3)
    }

    @Test("those that ended before a time are removed with what belongs only to them; the others stay")
    func forgets() async throws {
        let test = try TestSpool()
        let stream = try #require(try await test.register().streams.values.first)
        try await test.append(stream, [.at(1)])
        let old = try await Self.replay(test)
        let oldAdHoc = try await Self.replay(test, "tcp://127.0.0.1:1")
        let young = try await Self.replay(test)
        let running = try await Self.replay(test)
        for (id, at) in [(old.id, 300), (oldAdHoc.id, 300), (young.id, 500)] {
            try await test.spool.move(id, to: .cancelled, at: .t(at))
        }

        let removed = try await test.spool.forgetReplays(endedBefore: .t(400), at: .t(600))

        #expect(removed == 2)
        #expect(try await test.spool.replays(of: nil).map(\.id) == [running.id, young.id])
        #expect(try await test.value(Int.self, "SELECT count(*) FROM sink WHERE replay_id IS NOT NULL") == 0)
        #expect(try await test.value(Int.self, "SELECT count(*) FROM replay_stream") == 2)
    }

    @Test("a clock that is set forward by years makes none of them old, and raises no notification")
    func clockSetForward() async throws {
        let test = try TestSpool()
        let stream = try #require(try await test.register().streams.values.first)
        try await test.append(stream, [.at(1)])
        let ended = try await Self.replay(test)
        try await test.spool.move(ended.id, to: .cancelled, at: .t(300))
        let note = NewNotification(code: "Test", severity: .warning, message: "told")
        _ = try await test.spool.raise(note, at: .t(300))
        try await test.spool.clearNotification("Test", at: .t(301))
        let told = [stream: SourceTime(date: .t(400), sweepsBack: .zero)]
        let now = Timestamp.t(400) + .days(700)

        try await test.spool.followClock(to: now, setForwardBy: .days(700))
        _ = try await test.spool.prune(now: told, at: now, age: .hours(1))

        #expect(try await test.spool.replays(of: nil).map(\.id) == [ended.id])
        #expect(try await test.value(Int.self, "SELECT count(*) FROM notification WHERE code = 'Test'") == 1)
    }

    @Test("retention removes them by the local clock, once they are older than `retention.age`")
    func retention() async throws {
        let test = try TestSpool()
        let stream = try #require(try await test.register().streams.values.first)
        try await test.append(stream, [.at(1)])
        let old = try await Self.replay(test)
        try await test.spool.move(old.id, to: .cancelled, at: .t(300))
        let told = [stream: SourceTime(date: .t(400), sweepsBack: .zero)]

        _ = try await test.spool.prune(now: told, at: .t(400), age: .hours(1))
        let before = try await test.spool.replays(of: nil).count
        _ = try await test.spool.prune(now: told, at: .t(300) + .hours(1) + .seconds(1), age: .hours(1))

        #expect(before == 1)
        #expect(try await test.spool.replays(of: nil).isEmpty)
    }

    @Test("at most a thousand are kept, regardless of their age")
    func most() async throws {
        let test = try TestSpool()
        _ = try await test.register()
        let first = try await Self.replay(test)
        try await test.spool.move(first.id, to: .cancelled, at: .t(300))
        try await test.spool.write { db in
            try db.execute(
                sql: """
                    WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
                    INSERT INTO replay (sink_id, basis, from_ms, to_ms, mode, state, total, skipped,
                        created_ms, moved_ms, finished_ms)
                    SELECT sink_id, basis, from_ms, to_ms, mode, state, total, skipped,
                        created_ms, moved_ms, finished_ms FROM replay, n
                    """,
                arguments: [Spool.mostEndedReplays + 4]
            )
        }

        let removed = try await test.spool.forgetReplays(endedBefore: .t(0), at: .t(600))

        #expect(removed == 5)
        #expect(try await test.spool.replays(of: nil).count == Spool.mostEndedReplays)
    }
}
