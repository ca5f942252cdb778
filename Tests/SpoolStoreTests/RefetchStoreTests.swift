import GRDB
import SpoolCore
import Testing

@testable import SpoolStore

@Suite("Refetches in the spool") struct RefetchStoreTests {
    private static let url = "tcp://127.0.0.1:1514"

    private static func request(_ from: Int, _ to: Int, basis: ReplayBasis = .created) -> ReplayRequest {
        ReplayRequest(
            sink: SinkName(url),
            destination: url,
            from: .t(from),
            to: .t(to),
            basis: basis,
            refetch: true
        )
    }

    /// A spool that delivered e1 … e9 and from which retention then deleted e1 … e5: `pruned_to_ms` is one
    /// after e5.
    private static func make() async throws -> (test: TestSpool, stream: StreamID, sink: SinkID) {
        let test = try TestSpool()
        let (stream, sink) = try await test.register().only()
        try await test.spool.begin(stream, start: .t0, sweptTo: .t(1_000_000))
        try await test.append(stream, (1...9).map { .at($0) })
        try await test.spool.deliver(sink)
        let now = [stream: SourceTime(date: .t(105) + .milliseconds(500), sweepsBack: .zero)]
        #expect(try await test.spool.prune(now: now, age: .seconds(100)).events == 5)
        // As in a spool whose deleted ids are not kept: any older event may have been deleted.
        try await test.spool.write { db in
            try db.execute(sql: "UPDATE stream SET pruned_ids_from_ms = pruned_to_ms")
        }
        return (test, stream, sink)
    }

    /// The only page of a refetch.
    private static func page(_ stream: StreamID, _ events: [Event], next: String? = nil) -> PageCommit {
        PageCommit(
            stream: stream,
            page: .of(events, date: .t(1_000), next: next),
            scan: Scan(reason: .refetch, from: .t(0), to: .t(100), filterHash: "f"),
            windowEnd: .t(100),
            ended: next == nil ? .complete : nil,
            progress: StreamProgress(),
            fetched: .t(1_000)
        )
    }

    private static func end(_ test: TestSpool, _ stream: StreamID, _ replay: Replay, at to: Timestamp)
        async throws
    {
        let place = Refetch.Place(readTo: to, seenTo: to, reader: "{}")
        try await test.spool.keep(place, of: stream, replay.id)
    }

    private static func one(_ test: TestSpool) async throws -> Replay {
        try #require(try await test.spool.replays(of: nil).first)
    }

    /// The ids that a replay returns, by stream.
    private static func sent(_ test: TestSpool, _ replay: Replay) async throws -> [String: [String]] {
        var ids: [String: [String]] = [:]
        for stream in replay.streams {
            let slice = try await test.spool.batch(
                of: replay.id,
                stream: stream.stream,
                after: stream.position,
                limit: BatchLimit(),
                raw: true
            )
            ids[stream.name.description] = slice.events.ids
        }
        return ids
    }

    @Test(
        "new records go to their stream, deleted ones only to the replay, known ones to neither"
    )
    func page() async throws {
        let (test, stream, sink) = try await Self.make()
        let replay = try await test.spool.create(Self.request(0, 100), at: .t(50))

        let receipt = try await test.spool.append(
            Self.page(stream, [.at(2), .at(3), .at(7), .at(8, "new"), .at(4, "never")]),
            of: replay.id
        )
        try await Self.end(test, stream, replay, at: .t(100))
        try await test.spool.fix(replay.id)

        let after = try await Self.one(test)
        let live = try await test.spool.subscriptions(of: sink)
        let waiting = try await test.spool.batch(
            of: stream,
            after: live[0].watermark,
            limit: BatchLimit(),
            raw: false
        )
        let part = try #require(after.refetch?.parts.first)
        #expect(receipt.inserted == 1)
        #expect((part.seen, part.inserted, part.recovered) == (5, 1, 3))
        #expect(waiting?.ids == ["new"])
        #expect(live.map(\.stream) == [stream], "no sink subscribes to the replay's own stream")
        #expect(
            after.streams.map(\.name.description) == ["contoso/activities", "contoso/activities@replay-1"]
        )
        #expect(
            try await Self.sent(test, after) == [
                "contoso/activities": ["e6", "e7", "e8", "e9", "new"],
                "contoso/activities@replay-1": ["e2", "e3", "never"],
            ]
        )
        #expect(after.total == 8)
        #expect(try await test.spool.status().streams.map(\.name.description) == ["contoso/activities"])
        #expect(try await test.value(Int.self, "SELECT count(*) FROM health WHERE name LIKE '%@%'") == 0)
    }

    @Test("a repeated page changes only the count of records")
    func again() async throws {
        let (test, stream, _) = try await Self.make()
        let replay = try await test.spool.create(Self.request(0, 100), at: .t(50))
        let page = Self.page(stream, [.at(2), .at(8, "new")], next: "more")

        _ = try await test.spool.append(page, of: replay.id)
        _ = try await test.spool.append(page, of: replay.id)

        let part = try #require(try await Self.one(test).refetch?.parts.first)
        #expect((part.seen, part.inserted, part.recovered) == (4, 1, 1))
        #expect(try await test.value(Int.self, "SELECT count(*) FROM event") == 6)
    }

    @Test("it is refetching until it is fixed, which is possible only once every part was read")
    func fixing() async throws {
        let (test, stream, _) = try await Self.make()
        let replay = try await test.spool.create(Self.request(0, 100), at: .t(50))

        let early = await #expect(throws: StoreError.self) { try await test.spool.fix(replay.id) }
        try await Self.end(test, stream, replay, at: .t(60))
        let half = await #expect(throws: StoreError.self) { try await test.spool.fix(replay.id) }
        let before = try await Self.one(test)
        try await Self.end(test, stream, replay, at: .t(100))
        try await test.spool.fix(replay.id)

        #expect(replay.isRefetching && before.isRefetching)
        #expect(early?.kind == .invalid && half?.kind == .invalid)
        #expect(try await Self.one(test).isRefetching == false)
        await #expect(throws: StoreError.self) { try await test.spool.fix(replay.id) }
    }

    @Test(
        "activities by occurrence are read one hour longer; by creation, and alerts, exactly"
    )
    func windows() async throws {
        let (test, _, _) = try await Self.make()

        let occurred = try await test.spool.create(Self.request(0, 100, basis: .occurred), at: .t(50))
        let created = try await test.spool.create(Self.request(0, 100), at: .t(50))

        #expect(occurred.refetch?.parts.map(\.to) == [.t(100) + .hours(1)])
        #expect(created.refetch?.parts.map(\.to) == [.t(100)])
    }

    @Test(
        "to a named sink: up to its final watermark; new records go live, deleted ones only to this sink"
    )
    func namedSink() async throws {
        let (test, stream, sink) = try await Self.make()
        _ = try await test.register(sinks: ["siem", "second"], start: .now)
        var request = Self.request(0, 100)
        (request.sink, request.destination) = (SinkName("siem"), nil)
        let replay = try await test.spool.create(request, at: .t(50))

        _ = try await test.spool.append(Self.page(stream, [.at(1), .at(7), .at(8, "new")]), of: replay.id)
        try await Self.end(test, stream, replay, at: .t(100))
        try await test.spool.fix(replay.id)

        let after = try await Self.one(test)
        #expect(after.sinkID == sink)
        #expect(
            try await Self.sent(test, after) == [
                "contoso/activities": ["e6", "e7", "e8", "e9"], "contoso/activities@replay-1": ["e1"],
            ]
        )
    }

    @Test("while it refetches, it keeps its whole window from retention, including new events")
    func retention() async throws {
        let (test, stream, sink) = try await Self.make()
        let replay = try await test.spool.create(Self.request(7, 100), at: .t(50))
        _ = try await test.spool.append(Self.page(stream, [.at(8, "new")]), of: replay.id)
        try await test.spool.deliver(sink)
        let now = [stream: SourceTime(date: .t(900_000), sweepsBack: .zero)]

        _ = try await test.spool.prune(now: now, age: .seconds(100))

        #expect(
            try await test.spool.batch(of: stream, after: Seq(0), limit: BatchLimit(), raw: false)?.ids == [
                "e7", "e8", "e9", "new",
            ]
        )
    }

    @Test("a cancelled replay no longer accepts a page, a position or a result")
    func cancelled() async throws {
        let (test, stream, _) = try await Self.make()
        let replay = try await test.spool.create(Self.request(0, 100), at: .t(50))
        try await test.spool.move(replay.id, to: .cancelled, at: .t(51))

        await #expect(throws: StoreError.self) {
            try await test.spool.append(Self.page(stream, [.at(2), .at(8, "new")]), of: replay.id)
        }
        await #expect(throws: StoreError.self) { try await Self.end(test, stream, replay, at: .t(100)) }
        await #expect(throws: StoreError.self) { try await test.spool.note("x", ofRefetch: replay.id) }
        #expect(try await test.value(Int.self, "SELECT count(*) FROM event") == 4)
    }

    @Test(
        "its own stream is deleted when it is removed, or after `retention.age` when it has ended",
        arguments: [true, false]
    )
    func goes(removed: Bool) async throws {
        let (test, stream, _) = try await Self.make()
        let replay = try await test.spool.create(Self.request(0, 100), at: .t(50))
        let many = (0..<1_200).map { Event.at(2, "old-\($0)") }
        _ = try await test.spool.append(Self.page(stream, many), of: replay.id)
        try await Self.end(test, stream, replay, at: .t(100))
        try await test.spool.fix(replay.id)
        let own = try #require(try await Self.one(test).streams.last?.stream)
        var commit = DeliveryCommit(sink: replay.sinkID, at: .t(60))
        commit.entries = [.live(own, Seq(10), Seq(20), events: 11, replay: replay.id)]
        try await test.spool.settle(commit)
        try await test.spool.move(replay.id, to: .disabled, at: .t(70))
        let kept = try await test.value(
            Int.self,
            "SELECT count(*) FROM event WHERE stream_id = ?",
            [own.value]
        )

        if removed {
            try await test.spool.remove(replay.id)
        } else {
            let now = [stream: SourceTime(date: .t(150), sweepsBack: .zero)]
            _ = try await test.spool.prune(now: now, age: .seconds(100))
            #expect(
                try await test.value(Int.self, "SELECT count(*) FROM event WHERE stream_id = ?", [own.value])
                    == 1_200
            )
            let later = [stream: SourceTime(date: .t(171), sweepsBack: .zero)]
            _ = try await test.spool.prune(now: later, age: .seconds(100))
        }

        #expect(kept == 1_200)
        #expect(
            try await test.value(Int.self, "SELECT count(*) FROM event WHERE stream_id = ?", [own.value]) == 0
        )
        #expect(try await test.value(Int.self, "SELECT count(*) FROM stream") == 1)
        #expect(
            try await test.value(Int.self, "SELECT count(*) FROM ledger WHERE stream_id = ?", [own.value])
                == 0
        )
        #expect(try await test.spool.replays(of: nil).isEmpty)
    }

    @Test("the source's error is stored, and cleared by its next page")
    func trouble() async throws {
        let (test, stream, _) = try await Self.make()
        let replay = try await test.spool.create(Self.request(0, 100), at: .t(50))

        try await test.spool.note("the portal does not answer", ofRefetch: replay.id)
        let during = try await Self.one(test).refetch?.trouble
        _ = try await test.spool.append(Self.page(stream, [.at(2)], next: "more"), of: replay.id)

        #expect(during == "the portal does not answer")
        #expect(try await Self.one(test).refetch?.trouble == nil)
    }

    @Test("an abandoned refetch cancels the replay with the reason; a finished replay does not change")
    func givenUp() async throws {
        let (test, _, _) = try await Self.make()
        let replay = try await test.spool.create(Self.request(0, 100), at: .t(50))

        try await test.spool.giveUp(replay.id, because: "no room", at: .t(51))
        try await test.spool.giveUp(replay.id, because: "something else", at: .t(52))

        let after = try await Self.one(test)
        #expect(after.state == .cancelled && after.finished == .t(51))
        #expect(after.reason == "no room")
        #expect(try await test.value(String.self, "SELECT reason FROM replays") == "no room")
        let cancelled = try await test.spool.create(Self.request(0, 100), at: .t(53))
        try await test.spool.move(cancelled.id, to: .cancelled, at: .t(54))
        try await test.spool.giveUp(cancelled.id, because: "no room", at: .t(55))
        #expect(try await Self.one(test).reason == nil)
    }
}
