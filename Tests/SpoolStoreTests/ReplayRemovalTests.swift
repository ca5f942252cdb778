import GRDB
import SpoolCore
import Testing

@testable import SpoolStore

@Suite("Removal of replays") struct ReplayRemovalTests {
    private static let siem = SinkName("siem")
    private static let url = "tcp://127.0.0.1:1514"

    /// A replay to `siem` that has refetched its window, with its own events.
    private struct Recovered: Sendable {
        let test: TestSpool
        let stream: StreamID
        let sink: SinkID
        let replay: ReplayID
        let own: StreamID
        /// The first of its own events.
        let first: Seq

        init(_ events: [Event] = [.at(1), .at(2)]) async throws {
            test = try TestSpool()
            (stream, sink) = try await test.register().only()
            try await test.spool.begin(stream, start: .t0, sweptTo: .t(1_000_000))
            try await test.append(stream, (1...9).map { .at($0) })
            try await test.spool.deliver(sink)
            let now = [stream: SourceTime(date: .t(105) + .milliseconds(500), sweepsBack: .zero)]
            _ = try await test.spool.prune(now: now, age: .seconds(100))
            // As in a spool whose deleted ids are not kept: any older event may have been deleted.
            try await test.spool.write { db in
                try db.execute(sql: "UPDATE stream SET pruned_ids_from_ms = pruned_to_ms")
            }
            let request = ReplayRequest(
                sink: ReplayRemovalTests.siem,
                from: .t(0),
                to: .t(100),
                basis: .created,
                refetch: true
            )
            replay = try await test.spool.create(request, at: .t(50)).id
            let page = PageCommit(
                stream: stream,
                page: .of(events, date: .t(1_000)),
                scan: Scan(reason: .refetch, from: .t(0), to: .t(100), filterHash: "f"),
                windowEnd: .t(100),
                ended: .complete,
                progress: StreamProgress(),
                fetched: .t(1_000)
            )
            _ = try await test.spool.append(page, of: replay)
            let place = Refetch.Place(readTo: .t(100), seenTo: .t(100), reader: "{}")
            try await test.spool.keep(place, of: stream, replay)
            try await test.spool.fix(replay)
            let streams = try await test.spool.replays(of: nil).first?.streams
            own = try #require(streams?.last?.stream)
            let least = try await test.value(
                Int64.self,
                "SELECT min(seq) FROM event WHERE stream_id = ?",
                [own.value]
            )
            first = Seq(try #require(least))
        }

        /// Settles the first of its own events.
        func settle(_ outcome: Outcome, by replay: ReplayID) async throws {
            var commit = DeliveryCommit(sink: sink, at: .t(60))
            commit.entries = [.live(own, first, first, events: 1, outcome: outcome, replay: replay)]
            commit.replayPositions = [ReplayPosition(replay: replay, stream: own, position: first, sent: 1)]
            try await test.spool.settle(commit)
        }

        /// How many of its own events are left.
        func left() async throws -> Int? {
            try await test.value(Int.self, "SELECT count(*) FROM event WHERE stream_id = ?", [own.value])
        }
    }

    @Test("late reports of a removed destination's loop are ignored")
    func removedDestination() async throws {
        let test = try TestSpool()
        let (stream, _) = try await test.register().only()
        try await test.append(stream, (1...3).map { .at($0) })
        let replay = try await test.spool.create(
            ReplayRequest(sink: SinkName(Self.url), destination: Self.url, from: .t(0), to: .t(9)),
            at: .t(50)
        )
        try await test.spool.move(replay.id, to: .cancelled, at: .t(51))
        try await test.spool.remove(replay.id)

        let connection = try await test.spool.opened(
            replay.sinkID,
            address: Self.url,
            transport: "tcp",
            at: .t(52)
        )
        let slice = try await test.spool.batch(
            of: replay.id,
            stream: stream,
            after: Seq(0),
            limit: BatchLimit(),
            raw: false
        )
        var commit = DeliveryCommit(sink: replay.sinkID, at: .t(53))
        commit.entries = [
            .live(stream, Seq(1), Seq(2), events: 2, connection: connection, replay: replay.id)
        ]
        commit.replayPositions = [
            ReplayPosition(replay: replay.id, stream: stream, position: Seq(2), sent: 2)
        ]
        try await test.spool.settle(commit)
        try await test.spool.closed(connection, clean: true, at: .t(54))

        #expect(slice.isLast && slice.events.isEmpty)
        #expect(try await test.value(Int.self, "SELECT count(*) FROM ledger") == 0)
        #expect(try await test.value(Int.self, "SELECT count(*) FROM connection") == 0)
    }

    @Test(
        "a replay whose connection is still open is not removed, and no later connection or sink has its ids"
    )
    func openConnection() async throws {
        let test = try TestSpool()
        let (stream, siem) = try await test.register().only()
        try await test.append(stream, (1...3).map { .at($0) })
        let request = ReplayRequest(sink: SinkName(Self.url), destination: Self.url, from: .t(0), to: .t(9))
        let replay = try await test.spool.create(request, at: .t(50))
        let old = try await test.spool.opened(replay.sinkID, address: Self.url, transport: "tcp", at: .t(51))
        try await test.spool.move(replay.id, to: .cancelled, at: .t(52))

        let refusal = await #expect(throws: StoreError.self) { try await test.spool.remove(replay.id) }
        try await test.spool.closed(old, of: replay.sinkID, clean: false, at: .t(53))
        try await test.spool.remove(replay.id)
        let new = try await test.spool.opened(siem, address: "a", transport: "tcp", at: .t(54))
        let kernel = Outcome.delivered(.kernel)
        try await test.spool.deliver(siem, outcome: kernel, connection: new, position: 300)
        // The late report of the removed destination's loop.
        try await test.spool.closed(old, of: replay.sinkID, clean: true, at: .t(55))
        try await test.spool.closed(new, of: siem, clean: false, at: .t(60))
        let other = try await test.spool.create(request, at: .t(70))

        #expect(refusal?.description.contains("still open") == true)
        #expect(new != old && other.sinkID != replay.sinkID)
        #expect(try await test.values("SELECT doubtful FROM deliveries") == [1])
    }

    @Test("a configured sink no longer settles events of a removed replay's own stream")
    func removedOwnStream() async throws {
        let made = try await Recovered()
        try await made.test.spool.move(made.replay, to: .cancelled, at: .t(55))
        try await made.test.spool.remove(made.replay)

        try await made.settle(.delivered(.acknowledged), by: made.replay)

        #expect(try await made.test.values("SELECT id FROM ledger WHERE replay_id IS NOT NULL").isEmpty)
    }

    @Test("retention keeps replays that were cancelled within the last minute")
    func justCancelled() async throws {
        let made = try await Recovered()
        try await made.test.spool.move(made.replay, to: .cancelled, at: .t(130))
        let soon = [made.stream: SourceTime(date: .t(150), sweepsBack: .zero)]
        let later = [made.stream: SourceTime(date: .t(191), sweepsBack: .zero)]

        _ = try await made.test.spool.prune(now: soon, age: .seconds(10))
        let during = try await made.left()
        _ = try await made.test.spool.prune(now: later, age: .seconds(10))

        #expect(during == 2)
        #expect(try await made.left() == 0)
    }

    @Test("a replay whose own events are dead letters or are being resent is neither removed nor pruned")
    func needed() async throws {
        let made = try await Recovered()
        let spool = made.test.spool
        try await made.settle(.refused(Refusal(reason: "rejected", detail: "")), by: made.replay)
        try await spool.move(made.replay, to: .disabled, at: .t(70))

        let refused = await #expect(throws: StoreError.self) { try await spool.remove(made.replay) }
        let again = try await spool.requeue([made.first], to: Self.siem, at: .t(80))
        try await made.settle(.delivered(.acknowledged), by: again.id)
        let running = await #expect(throws: StoreError.self) { try await spool.remove(made.replay) }
        let now = [made.stream: SourceTime(date: .t(900), sweepsBack: .zero)]
        _ = try await spool.prune(now: now, age: .seconds(10))
        let during = try await made.left()
        try await spool.move(again.id, to: .disabled, at: .t(90))
        try await spool.remove(made.replay)

        #expect(refused?.kind == .invalid && running?.kind == .invalid)
        #expect(refused?.description.contains("dead letters") == true)
        #expect(during == 2)
        #expect(try await made.left() == 0)
    }

    @Test("deleted events of an own stream are no longer counted as kept")
    func kept() async throws {
        let made = try await Recovered((0..<700).map { .at(2, "old-\($0)") })
        let replay = made.replay
        try await made.test.spool.move(replay, to: .disabled, at: .t(70))

        let gone = try await made.test.spool.write { try OwnStream.delete($0, of: replay) }

        #expect(gone == OwnStream.slice)
        #expect(try await made.left() == 200)
        #expect(
            try await made.test.value(Int.self, "SELECT sum(kept) FROM stream")
                == made.test.value(Int.self, "SELECT count(*) FROM event")
        )
    }

    @Test("a refetch reads only configured streams that have a source, but sends the others too")
    func withoutSource() async throws {
        let test = try TestSpool()
        let names = ["a/x", "b/x", StreamName.notifications.description]
        let first = try await test.register(streams: names)
        let stream = try #require(first.streams[StreamName(source: "a", stream: "x")])
        _ = try await test.register(streams: [names[0], names[2]])

        let replay = try await test.spool.create(
            ReplayRequest(
                sink: SinkName(Self.url),
                destination: Self.url,
                from: .t(0),
                to: .t(100),
                basis: .created,
                streams: names.compactMap { StreamName($0) },
                refetch: true
            ),
            at: .t(50)
        )
        let place = Refetch.Place(readTo: .t(100), seenTo: .t(100), reader: "{}")
        try await test.spool.keep(place, of: stream, replay.id)
        try await test.spool.fix(replay.id)
        let after = try #require(try await test.spool.replays(of: nil).first)

        #expect(replay.refetch?.parts.map(\.name.description) == ["a/x"])
        #expect(!after.isRefetching)
        #expect(after.streams.map(\.name.description) == names)
    }
}
