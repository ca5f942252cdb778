import SpoolCore
import SpoolTestSupport
import Testing

@testable import SpoolPipeline

@Suite("Stopping a delivery loop", .timeLimit(.minutes(5)))
struct StopTests {
    @Test("sends no new batch, finishes the session and writes late settlements")
    func graceful() async throws {
        let bench = DeliveryBench()
        bench.store.spool(3)
        async let ended: Void = bench.loop().run(stop: bench.stop)
        let session = await bench.sink.session(0)
        await session.sent(1)

        bench.stop.ask()
        await session.finishing()
        bench.append(3)
        session.settle()
        try await ended

        #expect(session.batches.count == 1)
        #expect(bench.store.read { $0.subscriptions.values.first?.subscription.watermark } == Seq(3))
        #expect(bench.store.read { $0.connections.last?.clean } == true)
        #expect(bench.store.read { $0.reports.last?.state } == .connected)
    }

    @Test("does not wait for a receiver that does not read")
    func receiverDoesNotRead() async throws {
        let bench = DeliveryBench()
        bench.store.spool(9)
        async let ended: Void = bench.loop().run(stop: bench.stop)
        let session = await bench.sink.session(0)
        session.blockSends()
        await session.sent(1)

        bench.stop.ask()
        try await bench.passPause()
        try await ended

        #expect(session.isOver)
        #expect(bench.store.read { $0.connections.last?.clean } == false)
        #expect(bench.store.read { $0.reports.allSatisfy { $0.state == .connected } })
    }

    @Test("does not wait for a session that never ends")
    func neverFinishes() async throws {
        let bench = DeliveryBench()
        bench.store.spool(3)
        async let ended: Void = bench.loop().run(stop: bench.stop)
        let session = await bench.sink.session(0)
        session.neverFinish()
        await session.sent(1)

        bench.stop.ask()
        await session.finishing()
        try await bench.passPause()
        try await ended
    }

    @Test(
        "ends a pause, an opening and an idle wait immediately",
        arguments: ["pause", "opening", "idle", "held"]
    )
    func atOnce(place: String) async throws {
        let openings: [String: ScriptedSink.Opening] = [
            "pause": .fault(.refused), "opening": .hang, "idle": .accept,
            "held": .fault(SinkFault(.misconfigured, "401")),
        ]
        let bench = DeliveryBench(ScriptedSink(openings: [openings[place] ?? .accept]))
        async let ended: Void = bench.loop().run(stop: bench.stop)
        await bench.sink.attempted(1)
        if place == "pause" || place == "held" { try await bench.clock.waitUntilSleeping() }

        bench.stop.ask()
        try await ended
    }

    @Test("requested before the start, it leaves no session open")
    func beforeStart() async throws {
        let bench = DeliveryBench()
        bench.store.spool(3)
        bench.stop.ask()

        try await bench.loop().run(stop: bench.stop)

        #expect(bench.sink.sessions.allSatisfy { $0.isOver && $0.batches.isEmpty })
    }

    @Test("on a full disk ends after the timeout; unsettled events are sent again after the next start")
    func fullDisk() async throws {
        let bench = DeliveryBench()
        bench.store.spool(3)
        bench.store.fail(.settle, .full, times: 1_000)
        async let ended: Void = bench.loop().run(stop: bench.stop)
        let session = await bench.sink.session(0)
        await session.sent(1)
        session.settle()
        try await bench.clock.waitUntilSleeping()

        bench.stop.ask()
        await session.finishing()
        while !session.isOver || bench.clock.sleeping > 1 {
            try await bench.clock.waitUntilSleeping()
            try await bench.passPause()
        }
        while bench.clock.sleeping > 0 { try await bench.passPause() }
        try await ended

        #expect(bench.store.read { $0.ledger.isEmpty })
        bench.store.edit { $0.faults = [:] }
        let next = DeliveryState(limit: BatchLimit())
        #expect(next.inFlight.isEmpty)
    }

    @Test("cancelling the task ends the loop wherever it is", arguments: ["idle", "sending", "pause"])
    func cancelled(place: String) async throws {
        let bench = DeliveryBench(ScriptedSink(openings: place == "pause" ? [.fault(.refused)] : []))
        if place == "sending" { bench.store.spool(3) }
        let task = Task { try await bench.loop().run(stop: bench.stop) }
        await bench.sink.attempted(1)
        if place == "sending" { await bench.sink.session(0).sent(1) }
        if place == "pause" { try await bench.clock.waitUntilSleeping() }

        task.cancel()
        try await task.value
    }
}
