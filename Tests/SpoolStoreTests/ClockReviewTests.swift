import GRDB
import SpoolCore
import Testing

@testable import SpoolStore

/// The stream was polled, the sink went down, and the replay was paused at `t(1_000)`; the spool was closed
/// at `t(1_100)`.
@Suite("A local clock that was set while no daemon ran")
struct ClockReviewTests {
    private static let years = Duration.days(365 * 30)

    private let test: TestSpool
    private let stream: StreamID
    private let replay: ReplayID

    init() async throws {
        test = try TestSpool()
        let registration = try await test.register()
        stream = try #require(registration.streams.values.first)
        try await test.spool.begin(stream, start: .t0, sweptTo: .t0)
        _ = try await test.spool.append(.poll(stream, [.at(1)], to: .t(1_000)))
        replay = try await test.spool.create(
            ReplayRequest(sink: SinkName("siem"), from: .t0, to: .t(1_000)),
            at: .t(900)
        ).id
        try await test.spool.move(replay, to: .paused, at: .t(1_000))
        try await test.spool.write { db in
            try db.execute(
                sql: "UPDATE sink SET state = 'retrying', trouble_since_ms = ?1, state_since_ms = ?1",
                arguments: [Timestamp.t(1_000).milliseconds]
            )
        }
        try await test.spool.close(at: .t(1_100))
    }

    private func open(at now: Timestamp) throws -> Spool {
        try Spool.open(path: test.path, options: .small, at: now)
    }

    private func prune(_ spool: Spool, source: Timestamp, wall: Timestamp) async throws -> [ReplayID] {
        let told = [stream: SourceTime(date: source, sweepsBack: .zero)]
        return try await spool.prune(now: told, at: wall, age: .days(30)).replays
    }

    @Test("forward by years: an outage and a pause last as long as the source says, and nothing is discarded")
    func forward() async throws {
        let start = Timestamp.t(1_160) + Self.years
        let spool = try open(at: start)
        let before = try await spool.status().sinks.first?.troubleSince
        try await spool.noteGaps(at: start + .seconds(10))

        let given = try await prune(spool, source: .t(1_170), wall: start + .seconds(10))

        // Before the source has answered, the time between the runs is not counted: 100 seconds were before
        // it.
        #expect(before == start - .seconds(100))
        #expect(given.isEmpty)
        #expect(try await spool.number("SELECT count(*) FROM gap") == 0)
        #expect(try await spool.number("SELECT count(*) FROM notification") == 0)
        #expect(try await spool.status().sinks.first?.troubleSince == .t(1_000) + Self.years)
        try await spool.close(at: start)
    }

    @Test("not set, but stopped for eight days: the pause and the outage include this time")
    func off() async throws {
        let start = Timestamp.t(1_100) + .days(8)
        let spool = try open(at: start)

        let given = try await prune(spool, source: start, wall: start)

        #expect(given == [replay])
        #expect(try await spool.status().sinks.first?.troubleSince == .t(1_000))
        try await spool.close(at: start)
    }

    @Test("the first page ends the review before gaps are determined")
    func page() async throws {
        let start = Timestamp.t(1_160) + Self.years
        let spool = try open(at: start)
        var poll = PageCommit.poll(stream, [.at(2)], from: .t(1_000), to: .t(1_170))
        poll.fetched = start + .seconds(10)

        _ = try await spool.append(poll)

        #expect(try await spool.number("SELECT count(*) FROM gap") == 0)
        #expect(try await spool.status().sinks.first?.troubleSince == .t(1_000) + Self.years)
        let moved = (Timestamp.t(1_000) + Self.years).milliseconds
        #expect(try await spool.number("SELECT moved_ms FROM replay") == Int(moved))
        try await spool.close(at: start)
    }

    @Test("while no source answers, starts and crashes do not change the review")
    func restarts() async throws {
        var now = Timestamp.t(1_160) + Self.years
        for isCrash in [true, false, true] {
            let spool = try open(at: now)
            try await spool.sample(at: now + .minutes(10))
            now = now + .minutes(10)
            if isCrash { try spool.letGo() } else { try await spool.close(at: now) }
            now = now + .minutes(1)
        }
        let spool = try open(at: now)

        let down = try await spool.status().sinks.first?.troubleSince.map { now.since($0) }
        let given = try await prune(spool, source: .t(1_160) + .minutes(33), wall: now)

        // From before the first start, and from three runs.
        #expect(down == .seconds(100) + .minutes(30))
        #expect(given.isEmpty)
        #expect(try await spool.status().sinks.first?.troubleSince == .t(1_000) + Self.years)
        try await spool.close(at: now)
    }

    @Test("a source whose own clock was set back by years makes nothing expire early")
    func sourceBack() async throws {
        let start = Timestamp.t(1_100) + .days(1)
        let spool = try open(at: start)

        let given = try await prune(spool, source: .t(1_100) - Self.years, wall: start)

        #expect(given.isEmpty)
        #expect(try await spool.number("SELECT count(*) FROM replay WHERE state = 'paused'") == 1)
        try await spool.close(at: start)
    }
}

extension Spool {
    fileprivate func number(_ sql: String) async throws -> Int {
        try await read { try Int.fetchOne($0, sql: sql) ?? -1 }
    }
}
