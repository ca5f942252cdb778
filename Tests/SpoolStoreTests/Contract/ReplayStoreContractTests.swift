import SpoolCore
import Testing

@Suite("The contract of replays") struct ReplayStoreContractTests {
    private func request(
        _ from: Int = 0,
        _ to: Int = 100,
        missingOnly: Bool = false,
        streams: [StreamName]? = nil
    ) -> ReplayRequest {
        ReplayRequest(
            sink: SinkName("siem"),
            from: .t(from),
            to: .t(to),
            streams: streams,
            missingOnly: missingOnly
        )
    }

    /// e1 … e6 delivered to `siem`, e3 refused; e7 and e8 wait.
    private func filled(_ kind: StoreKind) async throws -> StoreBench {
        let bench = try await StoreBench(kind)
        for (ids, outcome) in [
            (1...2, Outcome.delivered(.acknowledged)), (3...3, .refused(Refusal(reason: "r", detail: ""))),
            (4...6, .delivered(.sent)),
        ] {
            try await bench.append(ids.map { .at($0) })
            try await bench.deliver(bench.siem, outcome: outcome)
        }
        try await bench.append([.at(7), .at(8)])
        return bench
    }

    @Test("an estimate counts by what the ledger shows", arguments: StoreKind.allCases)
    func estimates(_ kind: StoreKind) async throws {
        let bench = try await filled(kind)

        let estimate = try await bench.store.estimate(request(2, 9))
        let missing = try await bench.store.estimate(request(2, 9, missingOnly: true))

        #expect(estimate.inWindow == 5 && estimate.toSend == 5 && estimate.stillToComeLive == 2)
        #expect(estimate.acknowledged == 1 && estimate.sent == 3 && estimate.deadLetters == 1)
        #expect(missing.inWindow == 5 && missing.toSend == 1)
    }

    @Test(
        "a replay is fixed when it is created: its window, its streams, and the last event of each",
        arguments: StoreKind.allCases
    )
    func creates(_ kind: StoreKind) async throws {
        let bench = try await filled(kind)

        let replay = try await bench.store.create(request(2, 100), at: .t(50))
        try await bench.append([.at(5, "late")])
        try await bench.deliver(bench.siem)

        let stored = try #require(try await bench.unfinished(replay))
        #expect(stored == replay)
        #expect(replay.sinkID == bench.siem && replay.state == .running && replay.created == .t(50))
        #expect(replay.total == 5 && replay.sent == 0 && replay.skipped == 0 && replay.finished == nil)
        #expect(replay.streams.map(\.stream) == [bench.stream, bench.other])
        #expect(replay.streams.first?.last == Seq(6))
        #expect(try await bench.sent(replay) == ["e2", "e3", "e4", "e5", "e6"])
        #expect(try await bench.sent(replay, bench.other) == [])
    }

    @Test(
        "a slice marks where it left events out, and has no more events than its limit",
        arguments: StoreKind.allCases,
        [1, 2, 1_000]
    )
    func slices(_ kind: StoreKind, _ limit: Int) async throws {
        let bench = try await StoreBench(kind)
        try await bench.append([.at(5), .at(500), .at(6), .at(7), .at(600), .at(601), .at(8), .at(700)])
        try await bench.deliver(bench.siem)

        let replay = try await bench.store.create(request(), at: .t(50))

        let sent = try await bench.sent(replay, limit: limit)
        let marked = limit == 1_000 ? ["e5", "|e6", "e7", "|e8"] : ["e5", "e6", "e7", "e8"]
        #expect(limit == 2 ? sent.map { $0.filter { $0 != "|" } } == marked : sent == marked)
        #expect(replay.total == 4)
    }

    @Test(
        "a replay of what is missing leaves out what the sink has, but not doubtful events",
        arguments: StoreKind.allCases
    )
    func missing(_ kind: StoreKind) async throws {
        let bench = try await filled(kind)
        let connection = try await bench.store.opened(
            bench.siem,
            address: "a",
            transport: "tcp",
            doubtBytes: 10,
            at: .t(1)
        )
        try await bench.deliver(bench.siem, outcome: .delivered(.kernel), connection: connection)
        try await bench.store.closed(connection, of: bench.siem, clean: false, at: .t(2))

        let replay = try await bench.store.create(request(missingOnly: true), at: .t(50))

        #expect(replay.total == 3 && replay.skipped == 5)
        #expect(try await bench.sent(replay) == ["e3", "|e7", "e8"])
    }

    @Test("the window is of the time that the request names", arguments: StoreKind.allCases)
    func basis(_ kind: StoreKind) async throws {
        let bench = try await StoreBench(kind)
        let event = Event(externalID: "x", kind: .activity, occurred: .t(1), created: .t(9))
        try await bench.append([event])
        try await bench.deliver(bench.siem)

        var totals: [Int] = []
        for basis in [ReplayBasis.occurred, .created] {
            var request = request(5, 10)
            request.basis = basis
            totals.append(try await bench.store.create(request, at: .t(50)).total)
        }

        #expect(totals == [0, 1])
    }

    @Test(
        "an ad-hoc destination gets what live delivery has not sent yet as well",
        arguments: StoreKind.allCases
    )
    func adHoc(_ kind: StoreKind) async throws {
        let bench = try await filled(kind)
        var request = request(5, 100)
        request.destination = "tcp://127.0.0.1:1"

        let replay = try await bench.store.create(request, at: .t(50))

        #expect(![bench.siem, bench.second].contains(replay.sinkID))
        #expect(replay.sink.text == "destination@replay-\(replay.id)")
        #expect(try await bench.sent(replay) == ["e5", "e6", "e7", "e8"])
        #expect(try await bench.store.estimate(request).acknowledged == 0)
    }

    @Test("requests that cannot be met are rejected", arguments: StoreKind.allCases)
    func refuses(_ kind: StoreKind) async throws {
        let bench = try await filled(kind)
        var noSink = request()
        noSink.sink = SinkName("nobody")
        var adHoc = request(missingOnly: true)
        adHoc.destination = "tcp://127.0.0.1:1"

        for wrong in [
            request(5, 5), noSink, adHoc, request(streams: [StreamName(source: "a", stream: "none")]),
        ] {
            let created = await #expect(throws: StoreError.self) {
                try await bench.store.create(wrong, at: .t(50))
            }
            let estimated = await #expect(throws: StoreError.self) {
                try await bench.store.estimate(wrong)
            }
            #expect(created?.kind == .invalid && estimated?.kind == .invalid)
        }
        #expect(try await (bench.store as any ReplayStore).unfinishedReplays(of: nil) == [])
    }

    @Test("unfinished replays are listed by sink, newest first", arguments: StoreKind.allCases)
    func lists(_ kind: StoreKind) async throws {
        let bench = try await filled(kind)
        let store: any ReplayStore = bench.store
        let first = try await store.create(request(), at: .t(50))
        let second = try await store.create(request(), at: .t(51))
        var other = request()
        other.sink = SinkName("second")
        let third = try await store.create(other, at: .t(52))

        try await store.move(second.id, to: .paused, at: .t(60))

        #expect(try await store.unfinishedReplays(of: nil).map(\.id) == [third.id, second.id, first.id])
        #expect(try await store.unfinishedReplays(of: bench.siem).map(\.state) == [.paused, .running])
    }

    @Test(
        "a replay may pause and resume, but an ended one stays ended and sends nothing",
        arguments: StoreKind.allCases,
        [Replay.State.disabled, .cancelled]
    )
    func moves(_ kind: StoreKind, _ end: Replay.State) async throws {
        let bench = try await filled(kind)
        let replay = try await bench.store.create(request(), at: .t(50))

        try await bench.store.move(replay.id, to: .paused, at: .t(51))
        let paused = try await bench.unfinished(replay)
        try await bench.store.move(replay.id, to: .running, at: .t(52))
        let running = try await bench.unfinished(replay)
        try await bench.store.move(replay.id, to: end, at: .t(53))
        try await bench.store.move(replay.id, to: .running, at: .t(54))

        #expect(paused?.state == .paused && running?.state == .running && running?.finished == nil)
        #expect(try await bench.unfinished(replay) == nil)
        #expect(try await bench.sent(replay) == [])
    }

    @Test("what is settled counts, and a position only grows", arguments: StoreKind.allCases)
    func positions(_ kind: StoreKind) async throws {
        let bench = try await filled(kind)
        let replay = try await bench.store.create(request(), at: .t(50))

        for (position, sent) in [(4, 3), (2, 0)] {
            var commit = DeliveryCommit(sink: bench.siem, at: .t(60))
            commit.replayPositions = [
                ReplayPosition(
                    replay: replay.id,
                    stream: bench.stream,
                    position: Seq(Int64(position)),
                    sent: sent
                )
            ]
            try await bench.store.settle(commit)
        }

        let stored = try #require(try await bench.unfinished(replay))
        #expect(stored.sent == 3 && stored.streams.first?.position == Seq(4))
        #expect(try await bench.sent(stored) == ["e5", "e6"])
    }

    @Test("a replay that does not exist has nothing to send", arguments: StoreKind.allCases)
    func none(_ kind: StoreKind) async throws {
        let bench = try await filled(kind)

        try await bench.store.move(ReplayID(99), to: .cancelled, at: .t(1))
        let slice = try await bench.store.batch(
            of: ReplayID(99),
            stream: bench.stream,
            after: Seq(0),
            limit: BatchLimit(),
            raw: false
        )

        #expect(slice.events.isEmpty && slice.isLast)
    }
}
