import SpoolCore
import SpoolTestSupport
import Testing

@testable import SpoolPipeline

@Suite("A sink that rejects most events", .timeLimit(.minutes(5)))
struct RefusalLoopTests {
    private func bench(events: Int) -> DeliveryBench {
        let bench = DeliveryBench(ScriptedSink(batch: 30))
        bench.store.spool(events)
        return bench
    }

    /// Makes the sink refuse its first thirty events: it is held, nothing is written, and the first pause is
    /// over.
    private func hold(_ bench: DeliveryBench) async throws {
        let first = await bench.sink.session(0)
        await first.sent(1)
        first.settle([.refused(30)])
        await bench.store.until { $0.reports.last?.state == .held }
        #expect(bench.store.read { $0.ledger.isEmpty })
        try await bench.passPause()
    }

    @Test("is held with its events; two single events probe it, and it continues when the head is accepted")
    func headAccepted() async throws {
        let bench = self.bench(events: 60)

        try await bench.run {
            try await hold(bench)
            let probe = await bench.sink.session(1)
            await probe.sent(2)
            #expect(probe.batches == [[Seq(1)], [Seq(2)]])
            probe.settleAll()
            await bench.store.until { MemoryStore.isDrained($0) }
        }

        #expect(bench.store.read { $0.deadLetters[SinkID(1)] ?? [] } == [])
        #expect(bench.store.findings() == [])
    }

    @Test(
        "continues when the later event is accepted, and the head becomes a dead letter",
        arguments: [false, true]
    )
    func laterAccepted(isRefusedWhole: Bool) async throws {
        let bench = self.bench(events: 31)

        try await bench.run {
            try await hold(bench)
            let probe = await bench.sink.session(1)
            await probe.sent(2)
            if isRefusedWhole {
                probe.refuseWhole()
                await probe.sent(3)
                #expect(probe.batches[2] == [Seq(2)])
            } else {
                probe.settle([.refused(1)])
            }
            probe.settleAll()
            await bench.store.until { MemoryStore.isDrained($0) }
        }

        #expect(bench.store.read { $0.deadLetters[SinkID(1)] } == [Seq(1)])
        #expect(bench.store.findings() == [])
    }

    @Test("stays held when both are refused, and is probed again after a longer pause")
    func bothRefused() async throws {
        let bench = self.bench(events: 40)

        try await bench.run {
            try await hold(bench)
            let probe = await bench.sink.session(1)
            await probe.sent(2)
            probe.settle([.refused(1)])
            probe.settle([.refused(1)])
            try await bench.clock.waitUntilSleeping()
            #expect(bench.clock.untilNextDeadline == .seconds(60))
            #expect(bench.store.read { $0.ledger.isEmpty })
            try await bench.passPause()
            let again = await bench.sink.session(2)
            await again.sent(2)
            #expect(again.batches == [[Seq(1)], [Seq(2)]])
        }

        #expect(bench.store.read { $0.deadLetters[SinkID(1)] ?? [] } == [])
    }

    @Test("a refused head without a later event is probed again, not forgotten in an open session")
    func nothingLater() async throws {
        let bench = DeliveryBench(ScriptedSink(batch: 1))
        bench.store.spool(20)

        try await bench.run {
            let first = await bench.sink.session(0)
            for count in 1...20 {
                await first.sent(count)
                first.settle([.refused(1)])
            }
            for attempt in 1...3 {
                try await bench.passPause()
                let probe = await bench.sink.session(attempt)
                await probe.sent(1)
                #expect(probe.batches == [[Seq(20)]])
                probe.settle([attempt == 3 ? .delivered(1) : .refused(1)])
            }
            await bench.store.until { MemoryStore.isDrained($0) }
        }

        #expect(bench.store.read { $0.deadLetters[SinkID(1)]?.count } == 19)
        #expect(bench.store.findings() == [])
    }

    @Test(
        "is not held for events that are never sent: they become dead letters, and all others are delivered"
    )
    func unsent() async throws {
        let bench = DeliveryBench(
            ScriptedSink(batch: 30) { session, _, seqs in
                session.settle(seqs.map { $0.value.isMultiple(of: 3) ? .delivered(1) : .unsent(1) })
            }
        )
        bench.store.spool(160)

        try await bench.run { await bench.store.until { MemoryStore.isDrained($0) } }

        #expect(bench.store.read { $0.deadLetters[SinkID(1)]?.count } == 107)
        #expect(bench.store.read { $0.reports.allSatisfy { $0.state == .connected } })
        #expect(bench.store.findings() == [])
    }

    @Test("stays held while its receiver is unreachable, and when it connects again")
    func heldThroughOutage() async throws {
        let bench = DeliveryBench(
            ScriptedSink(batch: 30, openings: [.accept, .fault(.refused), .accept])
        )
        bench.store.spool(60)

        try await bench.run {
            try await hold(bench)
            await bench.sink.attempted(2)
            try await bench.passPause()
            await bench.sink.session(1).sent(2)
            #expect(
                bench.store.read {
                    $0.reports.map(\.state).drop { $0 == .connected }.allSatisfy { $0 == .held }
                }
            )
            await bench.sink.session(1).settleAll()
            await bench.store.until { $0.reports.last?.state == .connected }
        }

        let errors = bench.store.read { $0.reports.compactMap(\.lastError) }
        #expect(errors.contains { $0.contains("rejects most events") && $0.contains("connection refused") })
    }
}
