import GRDB
import SpoolCore
import Testing

@testable import SpoolStore

/// What retention spares for replays and for sinks that were removed.
@Suite struct RetentionSparingTests {
    @Test("unsent events of an unfinished replay stay; a paused one keeps them for 7 days")
    func sparesReplays() async throws {
        let (test, stream, sink) = try await RetentionBench.make()
        try await test.append(stream, (1...6).map { .at($0) })
        try await test.spool.deliver(sink)
        let replay = try await test.spool.create(
            ReplayRequest(sink: SinkName("siem"), from: .t(2), to: .t(5)),
            at: .t(10)
        )
        var commit = DeliveryCommit(sink: sink, at: .t(11))
        commit.replayPositions = [
            ReplayPosition(replay: replay.id, stream: stream, position: Seq(2), sent: 1)
        ]
        try await test.spool.settle(commit)

        _ = try await test.spool.prune(now: RetentionBench.now(stream, 900_000), age: .zero)
        let running = try await test.values("SELECT seq FROM event ORDER BY seq")
        try await test.spool.move(replay.id, to: .paused, at: .t(900_000))
        _ = try await test.spool.prune(now: RetentionBench.now(stream, 900_000 + 7 * 86_400), age: .zero)
        let paused = try await test.values("SELECT seq FROM event ORDER BY seq")
        let report = try await test.spool.prune(
            now: RetentionBench.now(stream, 900_001 + 7 * 86_400),
            age: .zero
        )

        #expect(running == [3, 4])
        #expect(paused == [3, 4])
        #expect(report.events == 2)
        #expect(report.replays == [replay.id])
        #expect(try await test.spool.notifications().map(\.code) == ["Replay paused too long"])
    }

    @Test("a paused replay ages only by the local clock")
    func pausedByLocalClock() async throws {
        let (test, stream, sink) = try await RetentionBench.make()
        try await test.append(stream, [.at(1), .at(2)])
        try await test.spool.deliver(sink)
        let replay = try await test.spool.create(
            ReplayRequest(sink: SinkName("siem"), from: .t(0), to: .t(10)),
            at: .t(900_000)
        )
        try await test.spool.move(replay.id, to: .paused, at: .t(900_000))
        let pause = Timestamp.t(900_000)

        let ahead = RetentionBench.now(stream, 900_000 + 365 * 86_400)
        let kept = try await test.spool.prune(now: ahead, at: pause + .days(7), age: .zero)
        let behind = RetentionBench.now(stream, 900_000)
        let taken = try await test.spool.prune(now: behind, at: pause + .days(7) + .seconds(1), age: .zero)

        #expect(kept.events == 0 && kept.replays.isEmpty)
        #expect(taken.events == 2 && taken.replays == [replay.id])
    }

    @Test(
        "a removed sink keeps its events for the age, by the source's clock; lost events are shown"
    )
    func leftSinks() async throws {
        let (test, stream, sink) = try await RetentionBench.make()
        try await test.append(stream, (1...4).map { .at($0) })
        try await test.spool.deliver(sink, limit: 1)
        _ = try await test.register(sinks: [])

        let first = try await test.spool.prune(now: RetentionBench.now(stream, 1_000), age: .seconds(500))
        let second = try await test.spool.prune(now: RetentionBench.now(stream, 1_500), age: .seconds(500))
        let third = try await test.spool.prune(now: RetentionBench.now(stream, 1_501), age: .seconds(500))
        _ = try await test.register()

        #expect(first.events == 1)
        #expect(second.events == 0)
        #expect(third.events == 3)
        #expect(third.lost == 3)
        let status = try await test.spool.status()
        #expect(status.sinks[0].subscriptions[0].lost == 3)
        #expect(status.sinks[0].waiting == 0)
        #expect(status.notifications.map(\.subject) == ["siem"])
        #expect(try await test.value(Int.self, "SELECT events FROM gaps WHERE kind = 'delivery'") == 3)
    }

    @Test("a source's clock far ahead deletes nothing of another source that a removed sink has not received")
    func othersClock() async throws {
        let (test, first, _) = try await RetentionBench.make(streams: ["a/x", "b/x"])
        let ids = try await test.spool.status().streams.map(\.id)
        let second = try #require(ids.first { $0 != first })
        try await test.append(first, [.at(1)])
        try await test.append(second, [.at(1)])
        _ = try await test.register(streams: ["a/x", "b/x"], sinks: [])
        func prune(_ a: Int, _ b: Int) async throws -> PruneReport {
            let now = RetentionBench.now(first, a).merging(RetentionBench.now(second, b)) { known, _ in known
            }
            return try await test.spool.prune(now: now, at: .t(b), age: .days(1))
        }

        let leaving = try await prune(100_000, 100_000)
        let wrong = try await prune(100_000 + 365 * 86_400, 100_001)

        #expect(leaving.events == 0)
        #expect(wrong.events == 1 && wrong.lost == 1)
        #expect(try await test.values("SELECT stream_id FROM event") == [second.value])
    }

    @Test("forgetting a removed sink releases its events; a configured sink cannot be forgotten")
    func forgets() async throws {
        let (test, stream, _) = try await RetentionBench.make()
        try await test.append(stream, [.at(1)])
        await #expect(throws: StoreError.self) { try await test.spool.forget("siem", at: .t(1_000)) }
        _ = try await test.register(sinks: [])

        try await test.spool.forget("siem", at: .t(1_000))

        let report = try await test.spool.prune(now: RetentionBench.now(stream, 1_000), age: .zero)
        #expect(report.events == 1)
    }
}
