import Foundation
import GRDB
import SpoolCore
import Synchronization
import Testing

@testable import SpoolStore

@Suite struct RetentionTests {
    /// A spool whose stream has been polled and swept up to `t(1_000_000)`.
    private static func make(
        streams: [String] = ["contoso/activities"],
        maxBytes: Int64 = 20 << 30
    ) async throws -> (test: TestSpool, stream: StreamID, sink: SinkID) {
        var options = SpoolOptions.small
        options.maxBytes = maxBytes
        let test = try TestSpool(options: options)
        let registration = try await test.register(streams: streams)
        for stream in registration.streams.values {
            try await test.spool.begin(stream, start: .t0, sweptTo: .t(1_000_000))
        }
        let first = try #require(registration.streams[StreamName(streams[0])!])
        return (test, first, try #require(registration.sinks.values.first))
    }

    private static func now(_ stream: StreamID, _ seconds: Int, back: Duration = .zero) -> [StreamID:
        SourceTime]
    {
        [stream: SourceTime(date: .t(seconds), sweepsBack: back)]
    }

    @Test(
        "events settled everywhere and older than the age by the source's time are deleted with their rows"
    )
    func byAge() async throws {
        let (test, stream, sink) = try await Self.make()
        try await test.append(stream, [.at(10), .at(20), .at(5), .at(30)])
        try await test.spool.deliver(sink, limit: 2)
        try await test.spool.deliver(sink, limit: 2)

        let report = try await test.spool.prune(now: Self.now(stream, 125), age: .seconds(100))

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
        let (test, stream, sink) = try await Self.make()
        _ = try await test.register(sinks: ["siem", "second"])
        try await test.append(stream, (1...5).map { .at($0) })
        try await test.spool.deliver(sink, limit: 3)
        let second = try #require(try await test.spool.status().sinks.first { $0.name.text == "second" })
        try await test.spool.deliver(second.id, limit: 2)

        let report = try await test.spool.prune(now: Self.now(stream, 900_000), age: .zero)

        #expect(report.events == 2)
        #expect(try await test.values("SELECT seq FROM event ORDER BY seq") == [3, 4, 5])
    }

    @Test("once it has passed all settled events, retention does not scan the backlog")
    func stopsAtBacklog() async throws {
        let (test, stream, sink) = try await Self.make()
        try await test.append(stream, (1...3 * Retention.slice).map { .at($0) })
        // It stays, as the first event.
        try await test.spool.deliver(
            sink,
            limit: 1,
            outcome: .refused(Refusal(reason: "rejected", detail: "no"))
        )
        let scan = PruneScan(
            stream,
            cutoff: .t(900_000),
            sweepsBack: .zero,
            leftBefore: .t0,
            pausedBefore: .t0,
            now: .t(900_000)
        )

        let (isEmpty, isAtEnd) = try await test.spool.read { [scan] db in
            var scan = scan
            return (try scan.candidates(db) == nil, scan.isAtEnd)
        }

        #expect(isEmpty && isAtEnd)
    }

    @Test("when stopped, retention ends after the current slice, and continues there the next time")
    func stops() async throws {
        let (test, stream, sink) = try await Self.make()
        try await test.append(stream, (1...3 * Retention.slice).map { .at($0) })
        try await test.spool.deliver(sink)
        let asked = Mutex(0)

        let first = try await test.spool.prune(now: Self.now(stream, 900_000), age: .zero) {
            asked.withLock { count in
                count += 1
                return count > 1
            }
        }
        let second = try await test.spool.prune(now: Self.now(stream, 900_000), age: .zero)

        #expect(first.events == Retention.slice)
        #expect(second.events == 2 * Retention.slice)
    }

    @Test("a settled event after a backlog in time is found without scanning the backlog")
    func passesBacklog() async throws {
        let (test, stream, sink) = try await Self.make()
        try await test.append(stream, [.at(100_000), .at(950_000)])
        try await test.spool.deliver(sink)
        try await test.append(stream, (1...4 * Retention.slice).map { .at($0) })
        let scan = PruneScan(
            stream,
            cutoff: .t(900_000),
            sweepsBack: .zero,
            leftBefore: .t0,
            pausedBefore: .t0,
            now: .t(900_000)
        )

        let found = try await test.spool.read { [scan] db in
            var scan = scan
            return try (1...2).map { _ in try scan.candidates(db)?.seqs }
        }

        #expect(found == [nil, [1]])
    }

    @Test("settled events are deleted even with a backlog and kept events before, between and after them")
    func mixedWithBacklog() async throws {
        let (test, stream, sink) = try await Self.make()
        let count = 2 * Retention.slice
        // Settled events have odd seconds; later ones, with even seconds, are pending.
        try await test.append(stream, (0..<count).map { .at(2 * $0 + 1) })
        try await test.spool.deliver(
            sink,
            limit: 1,
            outcome: .refused(Refusal(reason: "rejected", detail: "no"))
        )
        try await test.spool.deliver(sink, limit: count)
        try await test.append(stream, (0..<count).map { .at(2 * $0) })

        let report = try await test.spool.prune(now: Self.now(stream, 900_000), age: .zero)

        #expect(report.events == count - 1)
        #expect(try await test.spool.status().streams[0].kept == count + 1)
        #expect(try await test.values("SELECT last_seq FROM ledger") == [1])
    }

    @Test("a ledger row is deleted with its last event, in any order of deletion")
    func ledgerRows() async throws {
        let (test, stream, sink) = try await Self.make()
        try await test.append(stream, [.at(100), .at(10), .at(200), .at(20), .at(30), .at(300)])
        for _ in 1...3 { try await test.spool.deliver(sink, limit: 2) }

        _ = try await test.spool.prune(now: Self.now(stream, 50), age: .zero)
        let young = try await test.values("SELECT first_seq FROM ledger ORDER BY id")
        _ = try await test.spool.prune(now: Self.now(stream, 150), age: .zero)
        let middle = try await test.values("SELECT first_seq FROM ledger ORDER BY id")
        _ = try await test.spool.prune(now: Self.now(stream, 400), age: .zero)
        let old = try await test.values("SELECT first_seq FROM ledger ORDER BY id")

        #expect(young == [1, 3, 5])
        #expect(middle == [3, 5])
        #expect(old == [])
    }

    @Test("nothing is deleted before the source has reported its time since the start")
    func needsSourceTime() async throws {
        let (test, stream, sink) = try await Self.make()
        try await test.append(stream, [.at(1)])
        try await test.spool.deliver(sink)

        let report = try await test.spool.prune(now: [:], age: .zero)

        #expect(report.events == 0)
    }

    @Test("retention never passes `since` or what sweeps may read again", arguments: [false, true])
    func staysBelowSweeps(bySize: Bool) async throws {
        let (test, stream, sink) = try await Self.make(maxBytes: bySize ? 1 : 20 << 30)
        try await test.append(stream, (1...9).map { .at($0 * 100) })
        try await test.spool.deliver(sink)
        _ = try await test.spool.write {
            try $0.execute(
                sql: "UPDATE stream SET swept_to_ms = ?",
                arguments: [Timestamp.t(700).milliseconds]
            )
        }

        let age: Duration = bySize ? .days(30) : .zero
        let report = try await test.spool.prune(now: Self.now(stream, 900_000, back: .seconds(300)), age: age)
        let first = try await test.values("SELECT created_ms FROM event ORDER BY created_ms LIMIT 1")
        _ = try await test.spool.write { db in
            try db.execute(
                sql: "UPDATE stream SET swept_to_ms = 1 << 60, cursor = ?",
                arguments: [try JSONColumn.text(Cursor(since: .t(600)))]
            )
        }
        let second = try await test.spool.prune(now: Self.now(stream, 900_000), age: age)

        #expect(report.events == 3)
        #expect(first == [Timestamp.t(400).milliseconds])
        #expect(second.events == 2)
    }

    @Test("after retention has emptied the table, new events get a higher `seq` and are returned in a batch")
    func seqNeverUsedTwice() async throws {
        let (test, stream, sink) = try await Self.make()
        try await test.append(stream, (1...5).map { .at($0) })
        try await test.spool.deliver(sink)
        _ = try await test.spool.prune(now: Self.now(stream, 900_000), age: .zero)
        #expect(try await test.value(Int.self, "SELECT count(*) FROM event") == 0)

        try await test.append(stream, [.at(1_000)])

        let watermark = try await test.spool.subscriptions(of: sink)[0].watermark
        let batch = try await test.spool.batch(of: stream, after: watermark, limit: BatchLimit(), raw: false)
        #expect(batch?.seqs == [6])
        #expect(try await test.spool.status().sinks[0].waiting == 1)
    }

    @Test("deleted events are not inserted again as new")
    func prunedStaysOut() async throws {
        let (test, stream, sink) = try await Self.make()
        try await test.append(stream, [.at(1), .at(2)])
        try await test.spool.deliver(sink)
        _ = try await test.spool.prune(now: Self.now(stream, 900_000), age: .zero)

        let receipt = try await test.append(stream, [.at(1), .at(2), .at(3)])

        #expect(receipt.inserted == 1)
    }

    @Test("a dead letter keeps its event until it is dismissed")
    func sparesDeadLetters() async throws {
        let (test, stream, sink) = try await Self.make()
        try await test.append(stream, [.at(1), .at(2)])
        try await test.spool.deliver(
            sink,
            limit: 1,
            outcome: .refused(Refusal(reason: "rejected", detail: ""))
        )
        try await test.spool.deliver(sink)

        let before = try await test.spool.prune(now: Self.now(stream, 900_000), age: .zero)
        _ = try await test.spool.dismiss([Seq(1)], of: SinkName("siem"), at: .t(5))
        let after = try await test.spool.prune(now: Self.now(stream, 900_000), age: .zero)

        #expect(before.events == 1)
        #expect(after.events == 1)
        #expect(try await test.spool.deadLetters().isEmpty)
    }

    @Test("unsent events of an unfinished replay stay; a paused one keeps them for 7 days")
    func sparesReplays() async throws {
        let (test, stream, sink) = try await Self.make()
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

        _ = try await test.spool.prune(now: Self.now(stream, 900_000), age: .zero)
        let running = try await test.values("SELECT seq FROM event ORDER BY seq")
        try await test.spool.move(replay.id, to: .paused, at: .t(900_000))
        _ = try await test.spool.prune(now: Self.now(stream, 900_000 + 7 * 86_400), age: .zero)
        let paused = try await test.values("SELECT seq FROM event ORDER BY seq")
        let report = try await test.spool.prune(now: Self.now(stream, 900_001 + 7 * 86_400), age: .zero)

        #expect(running == [3, 4])
        #expect(paused == [3, 4])
        #expect(report.events == 2)
        #expect(report.replays == [replay.id])
        #expect(try await test.spool.notifications().map(\.code) == ["Replay paused too long"])
    }

    @Test(
        "a removed sink keeps its events for the age, by the source's clock; lost events are shown"
    )
    func leftSinks() async throws {
        let (test, stream, sink) = try await Self.make()
        try await test.append(stream, (1...4).map { .at($0) })
        try await test.spool.deliver(sink, limit: 1)
        _ = try await test.register(sinks: [])

        let first = try await test.spool.prune(now: Self.now(stream, 1_000), age: .seconds(500))
        let second = try await test.spool.prune(now: Self.now(stream, 1_500), age: .seconds(500))
        let third = try await test.spool.prune(now: Self.now(stream, 1_501), age: .seconds(500))
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

    @Test("a paused replay ages only by the local clock")
    func pausedByLocalClock() async throws {
        let (test, stream, sink) = try await Self.make()
        try await test.append(stream, [.at(1), .at(2)])
        try await test.spool.deliver(sink)
        let replay = try await test.spool.create(
            ReplayRequest(sink: SinkName("siem"), from: .t(0), to: .t(10)),
            at: .t(900_000)
        )
        try await test.spool.move(replay.id, to: .paused, at: .t(900_000))
        let pause = Timestamp.t(900_000)

        let ahead = Self.now(stream, 900_000 + 365 * 86_400)
        let kept = try await test.spool.prune(now: ahead, at: pause + .days(7), age: .zero)
        let behind = Self.now(stream, 900_000)
        let taken = try await test.spool.prune(now: behind, at: pause + .days(7) + .seconds(1), age: .zero)

        #expect(kept.events == 0 && kept.replays.isEmpty)
        #expect(taken.events == 2 && taken.replays == [replay.id])
    }

    @Test("a source's clock far ahead deletes nothing of another source that a removed sink has not received")
    func othersClock() async throws {
        let (test, first, _) = try await Self.make(streams: ["a/x", "b/x"])
        let ids = try await test.spool.status().streams.map(\.id)
        let second = try #require(ids.first { $0 != first })
        try await test.append(first, [.at(1)])
        try await test.append(second, [.at(1)])
        _ = try await test.register(streams: ["a/x", "b/x"], sinks: [])
        func prune(_ a: Int, _ b: Int) async throws -> PruneReport {
            let now = Self.now(first, a).merging(Self.now(second, b)) { known, _ in known }
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
        let (test, stream, _) = try await Self.make()
        try await test.append(stream, [.at(1)])
        await #expect(throws: StoreError.self) { try await test.spool.forget("siem", at: .t(1_000)) }
        _ = try await test.register(sinks: [])

        try await test.spool.forget("siem", at: .t(1_000))

        let report = try await test.spool.prune(now: Self.now(stream, 1_000), age: .zero)
        #expect(report.events == 1)
    }

    @Test("above 80 % of its size the oldest settled events of all streams are deleted regardless of age")
    func bySize() async throws {
        let (test, first, sink) = try await Self.make(streams: ["a/x", "b/x"], maxBytes: 12 << 20)
        let ids = try await test.spool.status().streams.map(\.id)
        let second = try #require(ids.first { $0 != first })
        let raw = String(repeating: "x", count: 1_500)
        for page in 0..<30 {
            try await test.append(first, (0..<100).map { .at(page * 200 + $0) }) { _ in raw }
            try await test.append(second, (0..<100).map { .at(page * 200 + 100 + $0) }) { _ in raw }
        }
        for _ in 0..<4 { try await test.spool.deliver(sink) }
        let now = [first: .t(900_000), second: .t(900_000)].mapValues { (date: Timestamp) in
            SourceTime(date: date, sweepsBack: .zero)
        }

        let report = try await test.spool.prune(now: now, age: .days(30))

        #expect(report.bytesInUse <= Int64(Double(12 << 20) * Retention.pressure))
        #expect(report.events > 0 && report.events < 6_000)
        let oldest = try await test.values("SELECT min(created_ms) FROM event GROUP BY stream_id")
        try #require(oldest.count == 2)
        // Two seconds per event, and one slice at a time.
        #expect(abs(oldest[0] - oldest[1]) <= Int64(Retention.slice) * 2_000)
    }

    @Test("fetching pauses at the size limit and resumes below 90 % of it")
    func pausesAtSize() {
        var gate = PauseGate(maxBytes: 1_000, lowDiskBytes: 100)

        let steps: [(used: Int64, free: Int64, hasReserve: Bool, isClosed: Bool)] = [
            (999, 500, true, false), (1_000, 500, true, true), (900, 500, true, true),
            (899, 500, true, false),
            (0, 99, true, true), (0, 199, true, true), (0, 200, true, false), (0, 500, false, true),
        ]

        for step in steps {
            let isClosed = gate.update(used: step.used, free: step.free, hasReserve: step.hasReserve)
            #expect(isClosed == step.isClosed, "\(step)")
        }
    }

    @Test("the spool's size limit pauses fetching until retention has freed space")
    func mustPause() async throws {
        let (test, stream, sink) = try await Self.make(maxBytes: 1 << 20)
        let raw = String(repeating: "x", count: 2_000)
        let before = try await test.spool.mustPause()
        try await test.append(stream, (0..<600).map { .at($0) }) { _ in raw }

        let full = try await test.spool.mustPause()
        try await test.spool.deliver(sink)
        _ = try await test.spool.prune(now: Self.now(stream, 900_000), age: .days(30))

        #expect(!before)
        #expect(full)
        #expect(try await test.spool.mustPause() == false)
    }

    @Test("a size limit that changes while the spool is open applies from then on")
    func limitChanges() async throws {
        let (test, stream, sink) = try await Self.make(maxBytes: 1 << 20)
        let raw = String(repeating: "x", count: 2_000)
        try await test.append(stream, (0..<600).map { .at($0) }) { _ in raw }
        let full = try await test.spool.mustPause()

        test.spool.limit(to: 1 << 30)
        let raised = try await test.spool.mustPause()
        try await test.spool.deliver(sink)
        let spared = try await test.spool.prune(now: Self.now(stream, 900_000), age: .days(30))
        test.spool.limit(to: 1 << 20)
        let lowered = try await test.spool.mustPause()
        let taken = try await test.spool.prune(now: Self.now(stream, 900_000), age: .days(30))

        #expect(full && !raised && lowered)
        #expect(spared.events == 0 && taken.events > 0)
    }

    @Test("space is returned to the file system in slices")
    func givesSpaceBack() async throws {
        let (test, stream, sink) = try await Self.make()
        let raw = String(repeating: "x", count: 20_000)
        for page in 0..<25 {
            try await test.append(stream, (0..<100).map { .at(page * 100 + $0) }) { _ in raw }
        }
        while try await test.spool.status().sinks[0].waiting > 0 { try await test.spool.deliver(sink) }

        let report = try await test.spool.prune(now: Self.now(stream, 900_000), age: .zero)

        #expect(report.events == 2_500)
        let free = try await test.value(Int64.self, "PRAGMA freelist_count") ?? 0
        #expect(free <= Retention.sparePages)
    }

    @Test("windows completely before deleted events are deleted, and gaps begin there")
    func windowsGo() async throws {
        let (test, stream, sink) = try await Self.make()
        _ = try await test.spool.append(.poll(stream, [.at(5)], from: .t(0), to: .t(6)))
        _ = try await test.spool.append(.poll(stream, [.at(15)], from: .t(6), to: .t(20)))
        _ = try await test.spool.append(.poll(stream, [.at(25)], from: .t(20), to: .t(30)))
        try await test.spool.deliver(sink)

        _ = try await test.spool.prune(now: Self.now(stream, 116), age: .seconds(100))

        #expect(try await test.value(Int.self, "SELECT count(*) FROM fetch_window") == 2)
        #expect(try await test.gapSeconds().isEmpty)
    }
}
