import GRDB
import SpoolCore
import SpoolTestSupport
import Testing

@testable import SpoolStore

@Suite struct ReplayStoreTests {
    private static let siem = SinkName("siem")

    private static func request(_ from: Int, _ to: Int, missingOnly: Bool = false) -> ReplayRequest {
        ReplayRequest(sink: siem, from: .t(from), to: .t(to), missingOnly: missingOnly)
    }

    /// Everything a replay returns in a stream, in slices of `limit`, and its breaks.
    private static func drain(
        _ spool: Spool,
        _ replay: Replay,
        _ stream: StreamID,
        limit: Int = 1_000
    ) async throws -> [[String]] {
        var runs: [[String]] = []
        var after = try #require(replay.streams.first { $0.stream == stream }).position
        while true {
            let slice = try await spool.batch(
                of: replay.id,
                stream: stream,
                after: after,
                limit: BatchLimit(events: limit),
                raw: false
            )
            var run: [String] = []
            for (index, id) in slice.events.ids.enumerated() {
                if slice.events.breaks.contains(index) {
                    runs.append(run)
                    run = []
                }
                run.append(id)
            }
            if !run.isEmpty { runs.append(run) }
            if slice.isLast { return runs }
            #expect(slice.scannedThrough > after)
            after = slice.scannedThrough
        }
    }

    @Test(
        "a replay sends its window in spool order, excluding its end, up to the watermark at creation"
    )
    func window() async throws {
        let test = try TestSpool()
        let (stream, sink) = try await test.register().only()
        try await test.append(stream, [3, 1, 2, 5, 4].map { .at($0) })
        try await test.spool.deliver(sink)
        try await test.append(stream, [.at(2, "late")])

        let estimate = try await test.spool.estimate(Self.request(2, 5))
        let replay = try await test.spool.create(Self.request(2, 5), at: .t(50))
        try await test.spool.deliver(sink)
        let sent = try await Self.drain(test.spool, replay, stream)

        #expect(
            estimate.counts == ReplayEstimate(inWindow: 3, toSend: 3, acknowledged: 3, stillToComeLive: 1)
        )
        #expect(replay.total == 3)
        #expect(replay.streams[0].last == Seq(5))
        #expect(sent == [["e3"], ["e2"], ["e4"]])
    }

    @Test("consecutive events of the window have no break between them")
    func noNeedlessBreaks() async throws {
        let test = try TestSpool()
        let registration = try await test.register(streams: ["a/x", "b/x"])
        let sink = try #require(registration.sinks.values.first)
        let (a, b) = (registration.streams[.init("a/x")!]!, registration.streams[.init("b/x")!]!)
        for index in 1...6 {
            try await test.append(a, [.at(index)])
            try await test.append(b, [.at(index, "b\(index)")])
        }
        try await test.spool.deliver(sink)

        let replay = try await test.spool.create(Self.request(2, 5), at: .t(50))

        #expect(try await Self.drain(test.spool, replay, a) == [["e2", "e3", "e4"]])
        #expect(try await Self.drain(test.spool, replay, b) == [["b2", "b3", "b4"]])
    }

    @Test("an empty part of a replay is immediately at its end")
    func nothingToSend() async throws {
        let test = try TestSpool()
        let (stream, sink) = try await test.register().only()
        try await test.append(stream, [.at(1)])
        try await test.spool.deliver(sink)

        let replay = try await test.spool.create(Self.request(50, 60), at: .t(50))
        let slice = try await test.spool.batch(
            of: replay.id,
            stream: stream,
            after: replay.streams[0].position,
            limit: BatchLimit(),
            raw: true
        )

        #expect(replay.total == 0)
        #expect(slice.isLast)
        #expect(slice.events.isEmpty)
    }

    @Test(
        "missing only: events without a `delivered` or `already` row, and dead letters that are not dismissed"
    )
    func missingOnly() async throws {
        let test = try TestSpool()
        let (stream, sink) = try await test.register().only()
        try await test.append(stream, (1...8).map { .at($0) })
        let refusal = Outcome.refused(Refusal(reason: "rejected", detail: ""))
        var commit = DeliveryCommit(sink: sink, at: .t(20))
        commit.entries = [
            .live(stream, Seq(1), Seq(2), events: 2),
            .live(stream, Seq(3), Seq(4), events: 2, outcome: refusal),
            .live(stream, Seq(5), Seq(5), events: 1, outcome: .already),
            .live(stream, Seq(6), Seq(6), events: 1, outcome: .filtered),
            .live(stream, Seq(7), Seq(8), events: 2, outcome: .delivered(.sent)),
        ]
        commit.watermarks = [try await test.spool.subscriptions(of: sink)[0].id: Seq(8)]
        try await test.spool.settle(commit)
        _ = try await test.spool.dismiss([Seq(4)], of: Self.siem, at: .t(21))

        let estimate = try await test.spool.estimate(Self.request(0, 100, missingOnly: true))
        let replay = try await test.spool.create(Self.request(0, 100, missingOnly: true), at: .t(50))
        let sent = try await Self.drain(test.spool, replay, stream)

        #expect(
            estimate.counts
                == ReplayEstimate(inWindow: 8, toSend: 2, acknowledged: 3, kernel: 0, sent: 2, deadLetters: 1)
        )
        #expect(sent == [["e3"], ["e6"]])
        #expect(replay.total == 2)
    }

    @Test(
        "a window longer than one slice of the ledger is read completely, with missing events in each part"
    )
    func missingFarApart() async throws {
        let test = try TestSpool()
        let (stream, sink) = try await test.register().only()
        let far = Int64(ReplayQuery.rows) * 3
        try await test.append(stream, (1...3).map { .at($0) })
        try await test.spool.write {
            try $0.execute(sql: "UPDATE sqlite_sequence SET seq = ? WHERE name = 'event'", arguments: [far])
        }
        try await test.append(stream, (4...6).map { .at($0) })
        let subscription = try await test.spool.subscriptions(of: sink)[0].id
        var commit = DeliveryCommit(sink: sink, at: .t(20))
        commit.entries = [
            .live(stream, Seq(1), Seq(1), events: 1, outcome: .filtered),
            // Crosses from one part into another.
            .live(stream, Seq(2), Seq(far + 1), events: 3),
            .live(stream, Seq(far + 2), Seq(far + 2), events: 1, outcome: .filtered),
            .live(stream, Seq(far + 3), Seq(far + 3), events: 1),
        ]
        commit.watermarks = [subscription: Seq(far + 3)]
        try await test.spool.settle(commit)

        let replay = try await test.spool.create(Self.request(0, 100, missingOnly: true), at: .t(50))
        let sent = try await Self.drain(test.spool, replay, stream)

        #expect(sent == [["e1"], ["e5"]])
    }

    @Test(
        "`kernel` rows in a connection's last bytes are doubtful after an unclean end, unless proved later",
        arguments: [91, 100, 100_000]
    )
    func doubtful(closed: Int) async throws {
        let test = try TestSpool()
        let (stream, sink) = try await test.register().only()
        try await test.append(stream, (1...4).map { .at($0) })
        let first = try await test.spool.opened(
            sink,
            address: "tcp://a",
            transport: "tcp",
            doubt: 500,
            at: .t(0)
        )
        let kernel = Outcome.delivered(.kernel)
        for (second, position) in [(29, 100), (30, 200), (90, 600)] {
            try await test.spool.deliver(
                sink,
                limit: 1,
                outcome: kernel,
                connection: first,
                settled: .t(second),
                position: Int64(position)
            )
        }
        // Regardless of when the end is noticed, and by which clock.
        try await test.spool.closed(first, clean: false, at: .t(closed))
        let second = try await test.spool.opened(sink, address: "tcp://a", transport: "tcp", at: .t(101))
        try await test.spool.deliver(sink, limit: 1, outcome: kernel, connection: second, settled: .t(102))
        try await test.spool.closed(second, clean: true, at: .t(103))

        let replay = try await test.spool.create(Self.request(0, 100, missingOnly: true), at: .t(200))
        let before = try await Self.drain(test.spool, replay, stream)
        var commit = DeliveryCommit(sink: sink, at: .t(210))
        commit.entries = [.live(stream, Seq(2), Seq(2), events: 1, replay: replay.id)]
        try await test.spool.settle(commit)
        let estimate = try await test.spool.estimate(Self.request(0, 100, missingOnly: true))

        #expect(before == [["e2", "e3"]])
        #expect(
            estimate.counts
                == ReplayEstimate(inWindow: 4, toSend: 1, acknowledged: 1, kernel: 2, doubtful: 1)
        )
    }

    @Test("no ledger row of a replay covers an event that was not sent", arguments: [1, 2, 3, 7, 1_000])
    func neverClaimsWhatWasNotSent(limit: Int) async throws {
        let test = try TestSpool()
        let registration = try await test.register(streams: ["a/x", "b/x"])
        let sink = try #require(registration.sinks.values.first)
        // Times alternate, so that the window has holes in `seq`; two streams are interleaved.
        for index in 0..<40 {
            for (name, stream) in registration.streams {
                let seconds = (index * 7) % 40
                try await test.append(stream, [.at(seconds, "\(name)-\(index)")])
            }
        }
        try await test.spool.deliver(sink)
        let replay = try await test.spool.create(Self.request(10, 30), at: .t(100))

        for place in replay.streams {
            var after = place.position
            var isLast = false
            while !isLast {
                let slice = try await test.spool.batch(
                    of: replay.id,
                    stream: place.stream,
                    after: after,
                    limit: BatchLimit(events: limit),
                    raw: false
                )
                try await test.spool.settle(Self.settling(slice, sink: sink, replay: replay.id))
                (after, isLast) = (slice.scannedThrough, slice.isLast)
            }
        }
        try await test.spool.move(replay.id, to: .disabled, at: .t(200))

        let claimed = try await test.values(
            """
            SELECT DISTINCT e.seq FROM ledger l JOIN event e ON e.stream_id = l.stream_id
                AND e.seq BETWEEN l.first_seq AND l.last_seq
            WHERE l.replay_id IS NOT NULL ORDER BY e.seq
            """
        )
        let meant = try await test.values(
            "SELECT seq FROM event WHERE occurred_ms >= ? AND occurred_ms < ? ORDER BY seq",
            [Timestamp.t(10).milliseconds, Timestamp.t(30).milliseconds]
        )
        #expect(claimed == meant)
        #expect(try await test.ledgerIsTrue())
        let after = try #require(try await test.spool.replays(of: sink).first)
        #expect(after.sent == after.total)
        #expect(after.total == meant.count)
        #expect(after.state == .disabled)
        #expect(after.finished == .t(200))
    }

    /// Settles a slice like the delivery loop: a ledger row ends at each break.
    private static func settling(_ slice: ReplayBatch, sink: SinkID, replay: ReplayID) -> DeliveryCommit {
        let events = slice.events
        var commit = DeliveryCommit(sink: sink, at: .t(150))
        var first = 0
        for index in 1...max(1, events.count) where !events.isEmpty {
            guard index == events.count || events.breaks.contains(index) else { continue }
            commit.entries.append(
                .live(
                    events.stream,
                    Seq(events.seqs[first]),
                    Seq(events.seqs[index - 1]),
                    events: index - first,
                    replay: replay
                )
            )
            first = index
        }
        commit.replayPositions = [
            ReplayPosition(
                replay: replay,
                stream: events.stream,
                position: slice.scannedThrough,
                sent: events.count
            )
        ]
        return commit
    }

    @Test("a slice examines a limited number of rows and returns its position")
    func boundedSlices() async throws {
        let test = try TestSpool()
        let (stream, sink) = try await test.register().only()
        try await test.append(stream, [.at(5, "first")])
        for page in 0..<5 {
            try await test.append(stream, (0..<5_000).map { .at(1_000 + page * 5_000 + $0) })
        }
        try await test.append(stream, [.at(5, "last")])
        for _ in 0..<30 { try await test.spool.deliver(sink) }
        let replay = try await test.spool.create(Self.request(0, 10), at: .t(9))
        let position = try #require(replay.streams.first?.position)

        let slice = try await test.spool.batch(
            of: replay.id,
            stream: stream,
            after: position,
            limit: BatchLimit(),
            raw: false
        )
        let all = try await Self.drain(test.spool, replay, stream)

        #expect(slice.events.ids == ["first"])
        #expect(slice.scannedThrough == Seq(Int64(ReplayQuery.rows)))
        #expect(!slice.isLast)
        #expect(all == [["first"], ["last"]])
    }

    @Test("requeue sends exactly its events, with breaks where other events of the stream are between them")
    func requeue() async throws {
        let test = try TestSpool()
        let registration = try await test.register(streams: ["a/x", "b/x"])
        let sink = try #require(registration.sinks.values.first)
        let (a, b) = (registration.streams[.init("a/x")!]!, registration.streams[.init("b/x")!]!)
        try await test.append(a, [.at(1), .at(2)])
        try await test.append(b, [.at(3)])
        try await test.append(a, [.at(4), .at(5)])
        try await test.spool.deliver(sink, outcome: .refused(Refusal(reason: "rejected", detail: "")))
        _ = try await test.spool.dismiss([Seq(5)], of: Self.siem, at: .t(11))

        let replay = try await test.spool.requeue(
            [Seq(2), Seq(3), Seq(4), Seq(5)],
            to: Self.siem,
            at: .t(20)
        )
        let other = try await test.spool.requeue([Seq(1), Seq(4)], to: Self.siem, at: .t(21))

        #expect(replay.total == 4)
        #expect(try await Self.drain(test.spool, replay, a) == [["e2", "e4", "e5"]])
        #expect(try await Self.drain(test.spool, replay, b) == [["e3"]])
        #expect(try await Self.drain(test.spool, other, a) == [["e1"], ["e4"]])
        #expect(try await test.spool.deadLetters().allSatisfy { $0.dismissed == nil })
        await #expect(throws: StoreError.self) {
            try await test.spool.requeue([Seq(99)], to: Self.siem, at: .t(30))
        }
    }

    @Test("a finished replay stays finished; a paused one resumes where it stopped")
    func states() async throws {
        let test = try TestSpool()
        let (stream, sink) = try await test.register().only()
        try await test.append(stream, [.at(1)])
        try await test.spool.deliver(sink)
        let replay = try await test.spool.create(Self.request(0, 9), at: .t(50))

        try await test.spool.move(replay.id, to: .paused, at: .t(51))
        let paused = try #require(try await test.spool.replays(of: nil).first)
        try await test.spool.move(replay.id, to: .running, at: .t(52))
        try await test.spool.move(replay.id, to: .cancelled, at: .t(53))
        try await test.spool.move(replay.id, to: .running, at: .t(54))
        let ended = try #require(try await test.spool.replays(of: nil).first)
        let slice = try await test.spool.batch(
            of: replay.id,
            stream: stream,
            after: Seq(0),
            limit: BatchLimit(),
            raw: false
        )
        try await test.spool.remove(replay.id)

        #expect(paused.state == .paused)
        #expect(paused.finished == nil)
        #expect(ended.state == .cancelled)
        #expect(ended.finished == .t(53))
        #expect(slice.isLast && slice.events.isEmpty)
        #expect(try await test.spool.replays(of: sink).isEmpty)
    }

    @Test("an unknown sink, an unsubscribed stream and an empty window are rejected")
    func refusals() async throws {
        let test = try TestSpool()
        _ = try await test.register()
        var unknown = Self.request(0, 9)
        unknown.sink = SinkName("nobody")
        var other = Self.request(0, 9)
        other.streams = [StreamName(source: "other", stream: "x")]

        for (request, word) in [(unknown, "nobody"), (other, "other/x"), (Self.request(9, 9), "window")] {
            let error = await #expect(throws: StoreError.self) { try await test.spool.estimate(request) }
            #expect(error?.kind == .invalid)
            #expect(error?.description.contains(word) == true)
        }
    }

    @Test("ranges find every number they contain, in any order of lookups")
    func seqRanges() {
        var generator = SeededGenerator(seed: 7)
        for _ in 0..<50 {
            let ranges = (0..<Int.random(in: 0...8, using: &generator)).map { _ in
                let first = Int64.random(in: 0...60, using: &generator)
                return first...(first + Int64.random(in: 0...9, using: &generator))
            }
            var set = SeqRanges(ranges)
            for _ in 0..<100 {
                let seq = Int64.random(in: -1...75, using: &generator)
                let found = set.contains(seq)
                #expect(found == ranges.contains { $0.contains(seq) })
            }
        }
    }
}
