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
}
