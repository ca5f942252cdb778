import SpoolCore
import Testing

@Suite("The contract of delivery") struct DeliveryStoreContractTests {
    private static let rejected = Outcome.refused(Refusal(reason: "rejected", detail: "no"))

    private func commit(_ bench: StoreBench, _ entries: [LedgerEntry], to watermark: Int64? = nil)
        async throws -> DeliveryCommit
    {
        var commit = DeliveryCommit(sink: bench.siem, at: .t(20))
        commit.entries = entries
        let subscriptions = try await bench.store.subscriptions(of: bench.siem)
        let subscription = try #require(subscriptions.first { $0.stream == bench.stream })
        if let watermark { commit.watermarks = [subscription.id: Seq(watermark)] }
        return commit
    }

    @Test("a sink's subscriptions begin before the first event", arguments: StoreKind.allCases)
    func subscriptions(_ kind: StoreKind) async throws {
        let bench = try await StoreBench(kind)

        let siem = try await bench.store.subscriptions(of: bench.siem)
        let second = try await bench.store.subscriptions(of: bench.second)

        #expect(Set(siem.map(\.stream)) == [bench.stream, bench.other])
        #expect(siem.map(\.watermark) == [Seq(0), Seq(0)])
        #expect(Set(siem.map(\.id)).isDisjoint(with: second.map(\.id)))
    }

    @Test(
        "a batch has the events of its stream in order, up to its limits and at least one; nil at the end",
        arguments: StoreKind.allCases
    )
    func batches(_ kind: StoreKind) async throws {
        let bench = try await StoreBench(kind)
        for second in 1...4 {
            try await bench.append([.at(second)])
            try await bench.append([.at(second, "other")], to: bench.other)
        }
        func batch(after: Seq = Seq(0), _ limit: BatchLimit, raw: Bool = false) async throws -> EventBatch? {
            try await bench.store.batch(of: bench.stream, after: after, limit: limit, raw: raw)
        }

        let all = try #require(try await batch(BatchLimit(), raw: true))
        let last = try #require(all.last)

        #expect(all.ids == ["e1", "e2", "e3", "e4"] && all.breaks == [])
        #expect(all.string(.raw, at: 3) == "{\"_id\":\"e4\"}")
        #expect(try await batch(BatchLimit())?.string(.raw, at: 3) == "")
        #expect(try await batch(BatchLimit(events: 2))?.ids == ["e1", "e2"])
        #expect(try await batch(BatchLimit(events: 0))?.ids == ["e1"])
        #expect(try await batch(BatchLimit(bytes: 1))?.ids == ["e1"])
        #expect(try await batch(after: Seq(all.seqs[1]), BatchLimit())?.ids == ["e3", "e4"])
        #expect(try await batch(after: last, BatchLimit()) == nil)
    }

    @Test("settling moves the watermark of one sink, and only forwards", arguments: StoreKind.allCases)
    func settles(_ kind: StoreKind) async throws {
        let bench = try await StoreBench(kind)
        try await bench.append((1...3).map { .at($0) })

        try await bench.deliver(bench.siem, limit: 2)
        try await bench.store.settle(try await commit(bench, [], to: 1))

        #expect(try await bench.watermark(of: bench.siem) == Seq(2))
        #expect(try await bench.watermark(of: bench.second) == Seq(0))
    }

    @Test(
        "a commit that passes an event without an outcome is rejected, and changes nothing",
        arguments: StoreKind.allCases
    )
    func refusesHoles(_ kind: StoreKind) async throws {
        let bench = try await StoreBench(kind)
        try await bench.append((1...3).map { .at($0) })
        try await bench.append([.at(4)], to: bench.other)
        var holed = try await commit(
            bench,
            [
                .live(bench.stream, Seq(1), Seq(1), events: 1, outcome: Self.rejected),
                .live(bench.stream, Seq(3), Seq(3), events: 1),
                .live(bench.other, Seq(4), Seq(4), events: 1),
            ],
            to: 3
        )
        let subscriptions = try await bench.store.subscriptions(of: bench.siem)
        holed.watermarks[try #require(subscriptions.first { $0.stream == bench.other }).id] = Seq(4)
        let rejected = holed

        let error = await #expect(throws: StoreError.self) { try await bench.store.settle(rejected) }

        #expect(error?.kind == .invalid)
        #expect(try await bench.watermark(of: bench.siem) == Seq(0))
        #expect(try await bench.watermark(of: bench.siem, in: bench.other) == Seq(0))
        #expect(try await bench.deadLetters(of: bench.siem) == [])
    }

    @Test("an event that will be sent again has no place in the ledger", arguments: StoreKind.allCases)
    func finalOnly(_ kind: StoreKind) async throws {
        let bench = try await StoreBench(kind)
        try await bench.append([.at(1)])
        let retried = try await commit(
            bench,
            [.live(bench.stream, Seq(1), Seq(1), events: 1, outcome: .retry)],
            to: 1
        )

        let error = await #expect(throws: StoreError.self) { try await bench.store.settle(retried) }

        #expect(error?.kind == .invalid)
        #expect(try await bench.watermark(of: bench.siem) == Seq(0))
    }

    @Test(
        "refused events are dead letters of their sink until they are delivered to it",
        arguments: StoreKind.allCases,
        [Outcome.delivered(.acknowledged), .already]
    )
    func deadLetters(_ kind: StoreKind, _ outcome: Outcome) async throws {
        let bench = try await StoreBench(kind)
        try await bench.append([.at(1)])
        try await bench.append([.at(2)], to: bench.other)
        try await bench.append([.at(3)])
        for sink in [bench.siem, bench.second] { try await bench.deliver(sink, outcome: Self.rejected) }
        let letters = try await bench.deadLetters(of: bench.siem)

        try await bench.store.settle(
            try await commit(
                bench,
                [.live(bench.stream, Seq(1), Seq(3), events: 2, outcome: outcome, replay: ReplayID(9))]
            )
        )

        #expect(letters == [Seq(1), Seq(2), Seq(3)])
        #expect(try await bench.deadLetters(of: bench.siem) == [Seq(2)])
        #expect(try await bench.deadLetters(of: bench.second) == letters)
    }

    @Test("what a loop still settles without a subscription is ignored", arguments: StoreKind.allCases)
    func unsubscribed(_ kind: StoreKind) async throws {
        let bench = try await StoreBench(kind)
        try await bench.append([.at(1)])
        let late = try await commit(
            bench,
            [.live(bench.stream, Seq(1), Seq(1), events: 1, outcome: Self.rejected)],
            to: 1
        )
        try await bench.unsubscribeSIEM()

        try await bench.store.settle(late)

        #expect(try await bench.store.subscriptions(of: bench.siem) == [])
        #expect(try await bench.deadLetters(of: bench.siem) == [])
    }

    @Test(
        "a destination that was removed has no connections and no dead letters",
        arguments: StoreKind.allCases
    )
    func removedDestination(_ kind: StoreKind) async throws {
        let bench = try await StoreBench(kind)
        try await bench.append([.at(1)])
        let replay = try await bench.store.create(
            ReplayRequest(sink: SinkName("x"), destination: "tcp://127.0.0.1:1", from: .t0, to: .t(9)),
            at: .t(1)
        )
        try await bench.store.move(replay.id, to: .cancelled, at: .t(2))
        try await bench.remove(replay)
        var late = DeliveryCommit(sink: replay.sinkID, at: .t(3))
        late.entries = [
            .live(bench.stream, Seq(1), Seq(1), events: 1, outcome: Self.rejected, replay: replay.id)
        ]

        try await bench.store.settle(late)
        let connection = try await bench.store.opened(
            replay.sinkID,
            address: "a",
            transport: "tcp",
            doubtBytes: 1,
            at: .t(4)
        )

        #expect(connection == ConnectionID(0))
        #expect(try await bench.deadLetters(of: replay.sinkID) == [])
    }

    @Test("connections have ids that no other ever had", arguments: StoreKind.allCases)
    func connectionIDs(_ kind: StoreKind) async throws {
        let bench = try await StoreBench(kind)
        var ids: [ConnectionID] = []
        for sink in [bench.siem, bench.second, bench.siem] {
            let id = try await bench.store.opened(
                sink,
                address: "a",
                transport: "tcp",
                doubtBytes: 1,
                at: .t(1)
            )
            try await bench.store.closed(id, of: sink, clean: true, at: .t(2))
            ids.append(id)
        }

        #expect(Set(ids).count == 3 && !ids.contains(ConnectionID(0)))
    }

    /// Delivers three events one by one over a connection of the sink `siem`, which ends at 400, 500 and 1,500
    /// bytes.
    private func deliverThree(_ bench: StoreBench) async throws -> ConnectionID {
        let connection = try await bench.store.opened(
            bench.siem,
            address: "a",
            transport: "tcp",
            doubtBytes: 1_000,
            at: .t(1)
        )
        for (index, position) in [400, 500, 1_500].enumerated() {
            try await bench.append([.at(index + 1)])
            try await bench.deliver(
                bench.siem,
                outcome: .delivered(.kernel),
                connection: connection,
                position: Int64(position)
            )
        }
        return connection
    }

    private func estimate(_ bench: StoreBench) async throws -> ReplayEstimate {
        try await bench.store.estimate(ReplayRequest(sink: SinkName("siem"), from: .t0, to: .t(1_000)))
    }

    @Test(
        "an unclean end makes the last bytes doubtful, a clean one nothing",
        arguments: StoreKind.allCases,
        [true, false]
    )
    func doubt(_ kind: StoreKind, _ isClean: Bool) async throws {
        let bench = try await StoreBench(kind)
        let connection = try await deliverThree(bench)
        let before = try await estimate(bench)

        try await bench.store.closed(connection, of: bench.siem, clean: isClean, at: .t(90_000))

        let after = try await estimate(bench)
        #expect(before.kernel == 3 && before.doubtful == 0)
        #expect(after.kernel == (isClean ? 3 : 2) && after.doubtful == (isClean ? 0 : 1))
    }

    @Test(
        "the first end of a connection counts, and only that of its own sink",
        arguments: StoreKind.allCases
    )
    func oneEnd(_ kind: StoreKind) async throws {
        let bench = try await StoreBench(kind)
        let connection = try await deliverThree(bench)

        try await bench.store.closed(connection, of: bench.second, clean: true, at: .t(2))
        try await bench.store.closed(connection, of: bench.siem, clean: false, at: .t(3))
        try await bench.store.closed(connection, of: bench.siem, clean: true, at: .t(4))

        #expect(try await estimate(bench).doubtful == 1)
    }

    @Test("connections that a crash leaves open have ended uncleanly", arguments: StoreKind.allCases)
    func crash(_ kind: StoreKind) async throws {
        let bench = try await StoreBench(kind)
        _ = try await deliverThree(bench)

        let again = try await bench.reopened(cleanly: false)

        #expect(try await estimate(again).doubtful == 1)
        #expect(try await again.watermark(of: again.siem) == Seq(3))
    }
}
