import GRDB
import SpoolCore
import Testing

@testable import SpoolStore

@Suite("Replays to ad-hoc destinations") struct AdHocReplayTests {
    private static let url = "tcp://127.0.0.1:1514"

    private static func request(_ from: Int, _ to: Int, streams: [StreamName]? = nil) -> ReplayRequest {
        ReplayRequest(sink: SinkName(url), destination: url, from: .t(from), to: .t(to), streams: streams)
    }

    /// Two streams of five events, none of which was delivered to any sink.
    private static func make() async throws -> (test: TestSpool, streams: [StreamID]) {
        let test = try TestSpool()
        let names = ["a/activities", "b/alerts"]
        let registration = try await test.register(streams: names)
        let ids = names.compactMap { StreamName($0) }.compactMap { registration.streams[$0] }
        for (index, id) in ids.enumerated() {
            try await test.spool.begin(id, start: .t0, sweptTo: .t(1_000_000))
            try await test.append(id, (1...5).map { .at($0, "\(index)-\($0)") })
        }
        return (test, ids)
    }

    private static func settle(_ test: TestSpool, _ replay: Replay, _ stream: StreamID, through: Int64)
        async throws
    {
        var commit = DeliveryCommit(sink: replay.sinkID, at: .t(60))
        commit.entries = [.live(stream, Seq(1), Seq(through), events: Int(through), replay: replay.id)]
        commit.replayPositions = [
            ReplayPosition(replay: replay.id, stream: stream, position: Seq(through), sent: Int(through))
        ]
        try await test.spool.settle(commit)
    }

    @Test("include every stream up to its last event, subscribed or not, and store their destination")
    func made() async throws {
        let (test, streams) = try await Self.make()

        let estimate = try await test.spool.estimate(Self.request(2, 9))
        let replay = try await test.spool.create(Self.request(2, 9), at: .t(50))
        let again = try #require(try await test.spool.replays(of: replay.sinkID).first)

        #expect(estimate.counts == ReplayEstimate(inWindow: 8, toSend: 8))
        #expect(replay.total == 8)
        #expect(replay.streams.map(\.stream) == streams)
        #expect(replay.streams.map(\.last) == [Seq(5), Seq(10)])
        #expect(replay.sink.text == "destination@replay-\(replay.id)")
        #expect(replay.request.destination == Self.url)
        #expect(again == replay)
    }

    @Test("only requested streams are included; an unknown stream and `missing only` are rejected")
    func refused() async throws {
        let (test, streams) = try await Self.make()
        var missing = Self.request(0, 9)
        missing.missingOnly = true
        let unknown = Self.request(0, 9, streams: [StreamName(source: "c", stream: "x")])

        let one = try await test.spool.create(
            Self.request(0, 9, streams: [StreamName(source: "b", stream: "alerts")]),
            at: .t(50)
        )

        #expect(one.streams.map(\.stream) == [streams[1]])
        for (request, word) in [(missing, "--missing-only"), (unknown, "c/x")] {
            let error = await #expect(throws: StoreError.self) {
                try await test.spool.create(request, at: .t(50))
            }
            #expect(error?.kind == .invalid)
            #expect(error?.description.contains(word) == true)
        }
    }

    @Test("do not appear as sinks: not in the status, not subscribed, not disabled by a reload")
    func notASink() async throws {
        let (test, _) = try await Self.make()
        let replay = try await test.spool.create(Self.request(0, 9), at: .t(50))
        try await test.spool.report(SinkReport(state: .connected, at: .t(51)), of: replay.sinkID)

        _ = try await test.register(streams: ["a/activities", "b/alerts"])
        let state = try await test.value(
            String.self,
            "SELECT state FROM sink WHERE id = ?",
            [replay.sinkID.value]
        )
        let subscriptions = try await test.spool.subscriptions(of: replay.sinkID)
        let status = try await test.spool.status()
        let healthy = try await test.value(
            Int.self,
            "SELECT count(*) FROM health WHERE name LIKE 'destination%'"
        )

        #expect(state == "connected")
        #expect(subscriptions.isEmpty)
        #expect(status.sinks.map(\.name.text) == ["siem"])
        #expect(healthy == 0)
        #expect(status.replays.map(\.id) == [replay.id])
        #expect(try await test.value(String.self, "SELECT sink FROM replays") == Self.url)
    }

    @Test("keep their events from retention only while they run")
    func retention() async throws {
        let (test, streams) = try await Self.make()
        let sink = try #require(try await test.spool.status().sinks.first).id
        try await test.spool.deliver(sink)
        let now = Dictionary(
            uniqueKeysWithValues: streams.map { ($0, SourceTime(date: .t(900_000), sweepsBack: .zero)) }
        )
        let replay = try await test.spool.create(Self.request(3, 5), at: .t(50))

        // Including events that the destination refused.
        var commit = DeliveryCommit(sink: replay.sinkID, at: .t(60))
        let refusal = Outcome.refused(Refusal(reason: "rejected", detail: ""))
        commit.entries = [.live(streams[0], Seq(3), Seq(3), events: 1, outcome: refusal, replay: replay.id)]
        try await test.spool.settle(commit)
        _ = try await test.spool.prune(now: now, age: .seconds(100))
        let during = try await test.values("SELECT seq FROM event ORDER BY seq")
        try await test.spool.move(replay.id, to: .disabled, at: .t(70))
        _ = try await test.spool.prune(now: now, age: .seconds(100))

        #expect(during == [3, 4, 8, 9])
        #expect(try await test.values("SELECT seq FROM event").isEmpty)
    }

    @Test(
        "end `disabled`, ignore a late report of their sink, and are removed with all their data"
    )
    func removed() async throws {
        let (test, streams) = try await Self.make()
        let replay = try await test.spool.create(Self.request(0, 9), at: .t(50))
        let connection = try await test.spool.opened(
            replay.sinkID,
            address: Self.url,
            transport: "syslog",
            at: .t(51)
        )
        try await Self.settle(test, replay, streams[0], through: 5)

        let early = await #expect(throws: StoreError.self) { try await test.spool.remove(replay.id) }
        try await test.spool.move(replay.id, to: .disabled, at: .t(70))
        try await test.spool.report(SinkReport(state: .connected, at: .t(71)), of: replay.sinkID)
        let state = try await test.value(
            String.self,
            "SELECT state FROM sink WHERE id = ?",
            [replay.sinkID.value]
        )
        let listed = try #require(try await test.spool.replays(of: nil).first)
        try await test.spool.closed(connection, clean: true, at: .t(72))
        try await test.spool.remove(replay.id)
        let sinks = try await test.value(Int.self, "SELECT count(*) FROM sink")
        let next = try await test.spool.create(Self.request(0, 9), at: .t(80))

        #expect(early?.description.contains("cancel it first") == true)
        #expect(state == "disabled")
        #expect(listed.state == .disabled && listed.sent == 5)
        #expect(try await test.value(Int.self, "SELECT count(*) FROM ledger") == 0)
        #expect(try await test.value(Int.self, "SELECT count(*) FROM connection") == 0)
        #expect(sinks == 1)
        #expect(next.id > replay.id, "a number is never used twice")
    }

    @Test("a sink's measured rate is stored when it settles, and shown by estimates and replays")
    func rate() async throws {
        let test = try TestSpool()
        let (stream, sink) = try await test.register().only()
        try await test.append(stream, (1...3).map { .at($0) })
        var commit = DeliveryCommit(sink: sink, at: .t(20))
        commit.entries = [.live(stream, Seq(1), Seq(3), events: 3)]
        commit.watermarks = [try await test.spool.subscriptions(of: sink)[0].id: Seq(3)]
        commit.rate = 1_234.5
        try await test.spool.settle(commit)
        var request = ReplayRequest(sink: SinkName("siem"), from: .t(0), to: .t(9))
        request.rate = 50

        let estimate = try await test.spool.estimate(request)
        let replay = try await test.spool.create(request, at: .t(50))

        #expect(estimate.sinkRate == 1_234.5)
        #expect(replay.sinkRate == 1_234.5)
        #expect(replay.request.rate == 50)
    }
}
