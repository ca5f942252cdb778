import GRDB
import SpoolCore
import Testing

@testable import SpoolStore

@Suite("Timestamps of the local clock after it was set")
struct ClockTests {
    private static let days = Duration.days(400)

    /// A spool whose stream was polled, whose sink failed and whose replay was paused at `t(1_000)`.
    private func make() async throws -> (TestSpool, StreamID) {
        let test = try TestSpool()
        let registration = try await test.register()
        let id = try #require(registration.streams.values.first)
        try await test.spool.begin(id, start: .t0, sweptTo: .t0)
        var poll = PageCommit.poll(id, [.at(1)], to: .t(1_000))
        poll.fetched = .t(1_000)
        _ = try await test.spool.append(poll)
        try await test.spool.write { db in
            try db.execute(
                sql: "UPDATE sink SET trouble_since_ms = ?1, state_since_ms = ?1",
                arguments: [Self.noted]
            )
            try db.execute(
                sql: """
                    INSERT INTO replay
                        (sink_id, basis, from_ms, to_ms, mode, state, total, skipped, created_ms, moved_ms)
                    SELECT id, 'created', 0, 1, 'window', 'paused', 0, 0, ?1, ?1 FROM sink
                    """,
                arguments: [Self.noted]
            )
        }
        try await test.spool.sample(at: .t(1_000))
        return (test, id)
    }

    private static let noted = Timestamp.t(1_000).milliseconds

    private func times(_ test: TestSpool) async throws -> [Int64] {
        try await test.values(
            """
            SELECT polled_ms FROM stream UNION ALL SELECT trouble_since_ms FROM sink
            UNION ALL SELECT state_since_ms FROM sink UNION ALL SELECT moved_ms FROM replay
            """
        )
    }

    @Test("back by years: future timestamps become the current time, so that limits are reached again")
    func back() async throws {
        let (test, _) = try await make()
        let now = Timestamp.t(1_010) - Self.days

        try await test.spool.followClock(to: now)

        #expect(try await times(test) == Array(repeating: now.milliseconds, count: 4))
        #expect(try await test.values("SELECT count(*) FROM stream_sample") == [0])
        try await test.spool.noteGaps(at: now + .minutes(6))
        #expect(try await test.values("SELECT count(*) FROM gap") == [1])
    }

    @Test("forward by years: earlier timestamps keep their age, so that no limit is exceeded immediately")
    func forward() async throws {
        let (test, _) = try await make()
        let now = Timestamp.t(1_010) + Self.days

        try await test.spool.followClock(to: now, setForwardBy: Self.days)
        try await test.spool.noteGaps(at: now)

        let kept = (Timestamp.t(1_000) + Self.days).milliseconds
        #expect(try await times(test) == Array(repeating: kept, count: 4))
        #expect(try await test.values("SELECT count(*) FROM gap") == [0])
    }

    @Test("not at all, or by a few minutes: nothing changes")
    func still() async throws {
        let (test, _) = try await make()
        let before = try await times(test)

        try await test.spool.followClock(to: .t(1_010))
        try await test.spool.followClock(to: .t(1_000) - .minutes(4))

        #expect(try await times(test) == before)
        #expect(try await test.values("SELECT count(*) FROM stream_sample") == [1])
    }

    @Test("forward by years: ended replays, notes, poison marks, audits, runs and charts keep their age")
    func aged() async throws {
        let (test, id) = try await make()
        try await test.spool.write { db in
            try db.execute(
                sql: "UPDATE replay SET state = 'cancelled', finished_ms = ?1",
                arguments: [Self.noted]
            )
            try db.execute(
                sql: """
                    INSERT INTO crash_mark (step, subject, place, is_set, at_ms)
                    VALUES ('page', 'x', 'y', 1, ?1)
                    """,
                arguments: [Self.noted]
            )
            try db.execute(
                sql: """
                    INSERT INTO proof (reason, state, from_ms, to_ms, started_ms, finished_ms, result)
                    VALUES ('audit', 'done', 0, 1, ?1, ?1, '{}')
                    """,
                arguments: [Self.noted]
            )
            try db.execute(sql: "UPDATE run SET started_ms = ?1", arguments: [Self.noted])
        }
        let note = NewNotification(code: "Code", subject: "x", severity: .warning, message: "m")
        try await test.spool.raise(note, at: .t(1_000))
        try await test.spool.clearNotification("Code", subject: "x", at: .t(1_000))
        let now = Timestamp.t(1_010) + Self.days

        try await test.spool.followClock(to: now, setForwardBy: Self.days)
        try await test.spool.sample(at: now)

        let noted = try await test.values(
            """
            SELECT finished_ms FROM replay UNION ALL SELECT at_ms FROM crash_mark UNION ALL SELECT started_ms FROM proof
            UNION ALL SELECT finished_ms FROM proof UNION ALL SELECT started_ms FROM run
            UNION ALL SELECT at_ms FROM notification UNION ALL SELECT cleared_ms FROM notification
            """
        )
        #expect(noted == Array(repeating: (Timestamp.t(1_000) + Self.days).milliseconds, count: 7))
        #expect(try await test.spool.forgetReplays(endedBefore: now - .days(30), at: now) == 0)
        let history = try await test.spool.history(from: now - .seconds(60), step: .seconds(60), count: 2)
        #expect(history.streams[id]?[0] == StreamStep(first: 1, last: 1))
    }

    @Test("forward by years: a dead letter stays, keeps its event, and can be sent again")
    func deadLetter() async throws {
        let (test, id) = try await make()
        let sink = try await test.values("SELECT id FROM sink")
        try await test.spool.deliver(
            SinkID(sink[0]),
            outcome: .refused(Refusal(reason: "rejected", detail: "no"))
        )
        let now = Timestamp.t(1_010) + Self.days
        try await test.spool.followClock(to: now, setForwardBy: Self.days)

        let source = SourceTime(date: .t(1_000) + .days(2), sweepsBack: .zero)
        try await test.spool.prune(now: [id: source], at: now, age: .hours(1))

        #expect(try await test.values("SELECT count(*) FROM dead_letter") == [1])
        let again = try await test.spool.requeue([Seq(1)], to: SinkName("siem"), at: now)
        #expect(again.total == 1)
    }

    @Test("forward by years: the spool's notifications expire by the sources' time, not all immediately")
    func ownStream() async throws {
        let (test, id) = try await make()
        let registration = try await test.spool.register(
            Topology(
                streams: [
                    .init(name: StreamName("contoso/activities")!, kind: .activity, filterHash: "f"),
                    .init(name: .notifications, kind: .alert, filterHash: ""),
                ],
                sinks: [.init(name: SinkName("pager"), type: "syslog", streams: [.notifications])]
            ),
            at: .t(1_000)
        )
        let replays = try await test.spool.replays(of: nil)
        for replay in replays { try await test.spool.move(replay.id, to: .cancelled, at: .t(1_000)) }
        let note = NewNotification(code: "Code", subject: "x", severity: .warning, message: "m")
        try await test.spool.raise(note, at: .t(999))
        try await test.spool.clearNotification("Code", subject: "x", at: .t(1_000))
        try await test.spool.deliver(try #require(registration.sinks[SinkName("pager")]))
        let count =
            "SELECT count(*) FROM event e JOIN stream t ON t.id = e.stream_id WHERE t.name = 'spool/notifications' "
            + "AND e.created_ms <= \(Timestamp.t(1_000).milliseconds)"
        let now = Timestamp.t(1_010) + Self.days

        try await test.spool.followClock(to: now, setForwardBy: Self.days)
        let early = SourceTime(date: .t(1_010), sweepsBack: .zero)
        try await test.spool.prune(now: [id: early], at: now, age: .days(1))
        let kept = try await test.values(count)
        let late = SourceTime(date: .t(1_010) + .days(20), sweepsBack: .zero)
        try await test.spool.prune(now: [id: late], at: now + .days(20), age: .days(1))

        #expect(kept == [2])
        // The newest of a stream stays.
        #expect(try await test.values(count)[0] < 2)
    }
}
