import SpoolCore
import Testing

@testable import SpoolStore

@Suite("Positions that a wrong clock has put into the future")
struct PullBackTests {
    /// A stream read up to `t(1_000)` and swept up to `t(500)`, and then, with a wrong date, up to eight days
    /// later.
    private func harmed() async throws -> (TestSpool, StreamID) {
        let test = try TestSpool()
        let id = try #require(try await test.register().streams.values.first)
        try await test.spool.begin(id, start: .t0, sweptTo: .t0)
        var poll = PageCommit.poll(id, [.at(1)], to: .t(1_000))
        poll.progress.cursor = Cursor(since: .t(1_000))
        _ = try await test.spool.append(poll)
        try await sweep(test, id, to: .t(500))
        _ = try await test.spool.append(.poll(id, [.at(1_001)], from: .t(995), to: .t(1_000) + .days(8)))
        try await sweep(test, id, from: .t(500), to: .t(1_000) + .days(8))
        return (test, id)
    }

    private func sweep(_ test: TestSpool, _ id: StreamID, from: Timestamp = .t0, to: Timestamp) async throws {
        var commit = PageCommit.poll(id, [.at(2)], from: from, to: to)
        commit.scan = Scan(reason: .sweep, from: from, to: to, filterHash: "f")
        commit.progress = StreamProgress(sweptTo: to, sweepEnded: to)
        _ = try await test.spool.append(commit)
    }

    @Test(
        "move back to what past windows prove; windows that reach into the future prove nothing"
    )
    func goBack() async throws {
        let (test, id) = try await harmed()

        let since = try await test.spool.pullBack(id, to: .t(2_000), start: .t0, lookBack: .minutes(10))
        let progress = try await test.spool.progress(of: id)

        #expect(since == .t(1_000))
        #expect(progress.cursor == Cursor(since: .t(1_000)))
        #expect(progress.sweptTo == .t(500))
        #expect(progress.sweepEnded == .t(2_000))
        let marks = try await test.values(
            "SELECT since_ms FROM stream WHERE id = ?1 UNION ALL SELECT source_ms FROM stream WHERE id = ?1",
            [id.value]
        )
        #expect(marks == [Timestamp.t(1_000).milliseconds, Timestamp.t(2_000).milliseconds])
        let states = "SELECT state = 'complete' FROM fetch_window ORDER BY id"
        #expect(try await test.values(states) == [1, 1, 0, 0])
    }

    @Test("a quiet month before the wrong time stays proved, although its empty windows are merged")
    func quiet() async throws {
        let test = try TestSpool()
        let id = try #require(try await test.register().streams.values.first)
        try await test.spool.begin(id, start: .t0, sweptTo: .t0)
        let hours = 30 * 24
        for hour in 0..<hours {
            let (from, to) = (Timestamp.t0 + .hours(hour), Timestamp.t0 + .hours(hour + 1))
            var poll = PageCommit.poll(id, [], from: from, to: to)
            poll.progress.cursor = Cursor(since: to)
            _ = try await test.spool.append(poll)
        }
        let end = Timestamp.t0 + .hours(hours)
        let rows = try await test.values("SELECT count(*) FROM fetch_window")
        _ = try await test.spool.append(.poll(id, [], from: end, to: end + .days(365)))

        let since = try await test.spool.pullBack(
            id,
            to: end + .minutes(20),
            start: .t0,
            lookBack: .minutes(10)
        )

        #expect(since == end)
        #expect(rows == [30])
    }

    @Test("a short step into the future takes the proof of at most a day with it")
    func bound() async throws {
        let test = try TestSpool()
        let id = try #require(try await test.register().streams.values.first)
        try await test.spool.begin(id, start: .t0, sweptTo: .t0)
        for hour in 0..<60 {
            let (from, to) = (Timestamp.t0 + .hours(hour), Timestamp.t0 + .hours(hour + 1))
            var poll = PageCommit.poll(id, [], from: from, to: to)
            poll.progress.cursor = Cursor(since: to)
            _ = try await test.spool.append(poll)
        }

        let since = try await test.spool.pullBack(
            id,
            to: .t0 + .hours(59),
            start: .t0,
            lookBack: .minutes(10)
        )

        #expect(since == .t0 + .hours(48))
    }

    @Test("stay unchanged when they are not, or only a few minutes, in the future")
    func stay() async throws {
        let (test, id) = try await harmed()
        let before = try await test.spool.progress(of: id)

        let back = try await test.spool.pullBack(
            id,
            to: .t(1_000) + .days(8) - .minutes(5),
            start: .t0,
            lookBack: .minutes(10)
        )

        #expect(back == nil)
        #expect(try await test.spool.progress(of: id) == before)
    }
}
