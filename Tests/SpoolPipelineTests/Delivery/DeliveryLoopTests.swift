import SpoolCore
import SpoolTestSupport
import Testing

@testable import SpoolPipeline

@Suite("Delivery loop", .timeLimit(.minutes(5)))
struct DeliveryLoopTests {
    @Test("sends pending events in order, and moves the watermark with each settled batch")
    func drains() async throws {
        let bench = DeliveryBench()
        bench.store.spool(7)

        try await bench.run {
            let session = await bench.sink.session(0)
            await session.sent(3)
            #expect(session.batches.map { $0.map(\.value) } == [[1, 2, 3], [4, 5, 6], [7]])
            #expect(session.numbers == [0, 1, 2])
            session.settle()
            await bench.store.until { $0.subscriptions.values.first?.subscription.watermark == Seq(3) }
            session.settle()
            session.settle()
            await bench.store.until { MemoryStore.isDrained($0) }
        }

        #expect(bench.store.findings() == [])
        #expect(bench.store.read { $0.connections.map(\.clean) } == [true])
    }

    @Test("opens a session without work, so that status shows whether the receiver is reachable")
    func opensAtOnce() async throws {
        let bench = DeliveryBench()

        try await bench.run {
            await bench.store.until { $0.reports.last?.state == .connected }
        }
    }

    @Test("a page that is spooled between the check and the wait is not missed")
    func notice() async throws {
        let bench = DeliveryBench()

        try await bench.run {
            let session = await bench.sink.session(0)
            for count in 1...200 {
                bench.append(1)
                await session.sent(count)
                session.settle()
            }
            await bench.store.until { MemoryStore.isDrained($0) }
        }

        #expect(bench.store.findings() == [])
    }

    @Test("batches in flight when the session was lost are sent again, and nothing else")
    func resends() async throws {
        let bench = DeliveryBench()
        bench.store.spool(9)

        try await bench.run {
            let first = await bench.sink.session(0)
            await first.sent(3)
            first.settle()
            first.end(.reset)
            try await bench.passPause()
            let second = await bench.sink.session(1)
            await second.sent(1)
            #expect(second.batches.map { $0.map(\.value) } == [[4, 5, 6]])
            second.settle()
            await second.sent(2)
            second.settle()
            await bench.store.until { MemoryStore.isDrained($0) }
        }

        #expect(bench.store.findings() == [])
        #expect(bench.store.read { $0.ledger.map(\.entry.attempts) } == [1, 2, 2])
        #expect(bench.store.read { $0.connections.first?.clean } == false)
    }

    @Test("after a failure only the head batch is sent until it is settled")
    func probes() async throws {
        let bench = DeliveryBench(ScriptedSink(openings: [.fault(.refused)]))
        bench.store.spool(9)

        try await bench.run {
            try await bench.passPause()
            let session = await bench.sink.session(0)
            await session.sent(1)
            await bench.store.until { $0.reports.last?.state == .connected }
            #expect(bench.store.read { $0.reports.last?.attempts } == 1)
            #expect(session.batches.count == 1)
            session.settle()
            await session.sent(3)
            await bench.store.until { $0.reports.last?.attempts == 0 }
            #expect(bench.store.read { $0.reports.last?.lastError } == nil)
            session.settle()
            session.settle()
        }

        #expect(bench.store.findings() == [])
    }

    @Test("a batch that was read before its stream was removed is not sent")
    func takenAway() async throws {
        let bench = DeliveryBench(ScriptedSink(openings: [.fault(.refused)]))
        bench.store.subscribe(2)
        bench.store.spool(3)
        bench.store.spool(3, stream: 2)

        try await bench.run {
            try await bench.passPause()
            let session = await bench.sink.session(0)
            await session.sent(1)
            // One check for work, the probe batch, and the next batch, which waits until the probe is
            // settled.
            await bench.store.until { $0.calls[.batch, default: 0] >= 3 }
            bench.store.edit { $0.subscriptions[SubscriptionID(2)] = nil }
            bench.lanesChanged.notify()
            session.settle()
            bench.append(1)
            await session.sent(2)
            session.settle()
            await bench.store.until { $0.subscriptions.values.first?.subscription.watermark == Seq(7) }
            #expect(session.batches.map { $0.map(\.value) } == [[1, 2, 3], [7]])
        }
    }

    @Test("a receiver that closes immediately despite pending events is not tried again without a pause")
    func closesAtOnce() async throws {
        let bench = DeliveryBench()
        bench.store.spool(3)

        try await bench.run {
            for attempt in 0..<4 {
                await bench.sink.session(attempt).end(.closedByPeer)
                try await bench.clock.waitUntilSleeping()
                #expect(bench.sink.attempts == attempt + 1)
                #expect(bench.clock.untilNextDeadline == .seconds(1 << attempt))
                try await bench.passPause()
            }
            let session = await bench.sink.session(4)
            await session.sent(1)
            session.settle()
            await bench.store.until { MemoryStore.isDrained($0) }
        }

        #expect(bench.store.findings() == [])
    }

    @Test(
        "an idle connection closed by the receiver is only reopened for new events, without a failure"
    )
    func idleClose() async throws {
        let bench = DeliveryBench()

        try await bench.run {
            await bench.sink.session(0).end(.closedByPeer)
            await bench.store.until { $0.connections.first?.clean == true }
            #expect(bench.sink.attempts == 1)
            bench.append(1)
            let session = await bench.sink.session(1)
            await session.sent(1)
            session.settle()
            await bench.store.until { MemoryStore.isDrained($0) }
        }

        #expect(bench.store.read { $0.reports.allSatisfy { $0.state == .connected } })
    }

    @Test("the third consecutive connection that is cut before a settlement is reported")
    func cuts() async throws {
        let bench = DeliveryBench()
        bench.store.spool(3)

        try await bench.run {
            for attempt in 0..<3 {
                let session = await bench.sink.session(attempt)
                await session.sent(1)
                session.end(.reset)
                try await bench.passPause()
            }
            let session = await bench.sink.session(3)
            await session.sent(1)
            session.settle()
            await bench.store.until { MemoryStore.isDrained($0) }
        }

        let errors = bench.store.read { $0.reports.filter { $0.state == .retrying }.compactMap(\.lastError) }
        #expect(errors.map { $0.contains("closed 3 connections in a row") } == [false, false, true])
        #expect(bench.store.findings() == [])
    }

    @Test("a batch refused as a whole is halved until the bad event is alone; all others are delivered")
    func bisects() async throws {
        let bench = DeliveryBench(
            ScriptedSink(batch: 8) { session, _, seqs in
                if seqs.contains(Seq(5)) { session.refuseWhole() } else { session.settle() }
            }
        )
        bench.store.spool(20)

        try await bench.run {
            await bench.store.until { MemoryStore.isDrained($0) }
        }

        #expect(bench.store.read { $0.deadLetters[SinkID(1)] } == [Seq(5)])
        #expect(bench.store.findings() == [])
        #expect(bench.sink.sessions.count == 1)
    }

    @Test("an event to be sent again is not skipped, and earlier events are not sent again")
    func retries() async throws {
        let bench = DeliveryBench(ScriptedSink(batch: 4))
        bench.store.spool(4)

        try await bench.run {
            let first = await bench.sink.session(0)
            await first.sent(1)
            first.settle([.delivered(2), .retry(1), .delivered(1)])
            await bench.store.until { $0.subscriptions.values.first?.subscription.watermark == Seq(2) }
            try await bench.passPause()
            let second = await bench.sink.session(1)
            await second.sent(1)
            #expect(second.batches.first == [Seq(3), Seq(4)])
            second.settle()
            await bench.store.until { MemoryStore.isDrained($0) }
        }

        #expect(bench.store.findings() == [])
    }

    @Test("a full disk delays settling and loses nothing")
    func fullDisk() async throws {
        let bench = DeliveryBench()
        bench.store.spool(3)
        bench.store.fail(.settle, .full, times: 3)

        try await bench.run {
            let session = await bench.sink.session(0)
            await session.sent(1)
            session.settle()
            for _ in 0..<3 { try await bench.passPause() }
            await bench.store.until { MemoryStore.isDrained($0) }
            #expect(bench.sink.sessions.count == 1)
        }

        #expect(bench.store.findings() == [])
    }

    @Test(
        "a temporary error of the spool ends nothing, in any operation",
        arguments: [MemoryStore.Operation.subscriptions, .batch, .opened, .settle],
        [StoreError.Kind.full, .busy]
    )
    func passing(operation: MemoryStore.Operation, kind: StoreError.Kind) async throws {
        let bench = DeliveryBench(ScriptedSink { session, _, _ in session.settle() })
        bench.store.spool(3)
        bench.store.fail(operation, kind, times: 2)

        try await bench.run {
            try await bench.passPause()
            try await bench.passPause()
            await bench.store.until { MemoryStore.isDrained($0) }
        }

        #expect(bench.store.findings() == [])
    }

    @Test(
        "an unusable spool ends the loop",
        arguments: [MemoryStore.Operation.subscriptions, .batch, .opened, .settle, .report]
    )
    func broken(operation: MemoryStore.Operation) async throws {
        let bench = DeliveryBench(ScriptedSink { session, _, _ in session.settle() })
        bench.store.spool(3)
        bench.store.fail(operation, .io)

        await #expect(throws: StoreError(.io, "scripted")) { try await bench.loop().run(stop: bench.stop) }
    }

    @Test("a wrong setting holds the sink; the head is probed slowly before the rest follows")
    func held() async throws {
        let fault = SinkFault(.misconfigured, "401")
        let bench = DeliveryBench(ScriptedSink(openings: [.fault(fault), .fault(fault)]))
        bench.store.spool(6)

        try await bench.run {
            try await bench.clock.waitUntilSleeping()
            #expect(bench.clock.untilNextDeadline == .seconds(30))
            #expect(bench.store.read { $0.reports.last?.state } == .held)
            try await bench.passPause()
            await bench.sink.attempted(2)
            try await bench.clock.waitUntilSleeping()
            #expect(bench.clock.untilNextDeadline == .seconds(60))
            try await bench.passPause()
            let session = await bench.sink.session(0)
            await session.sent(1)
            #expect(bench.store.read { $0.reports.last?.state } == .held)
            session.settle()
            await session.sent(2)
            session.settle()
            await bench.store.until { MemoryStore.isDrained($0) }
            #expect(bench.store.read { $0.reports.last?.state } == .connected)
        }
    }
}

@Suite("A sink with nothing to send", .timeLimit(.minutes(5)))
struct IdleSinkTests {
    @Test("is reconnected after a failure, and is healthy once a connection has stayed open")
    func comesBack() async throws {
        let bench = DeliveryBench(ScriptedSink(openings: [.fault(.refused), .fault(.refused)]))

        try await bench.run {
            try await bench.passPause()
            await bench.sink.attempted(2)
            try await bench.passPause()
            _ = await bench.sink.session(0)
            await bench.store.until { $0.reports.last?.state == .connected }
            #expect(bench.store.read { $0.reports.last?.attempts } == 2)
            try await bench.clock.waitUntilSleeping()
            #expect(bench.clock.untilNextDeadline == DeliveryState.proof)
            try await bench.passPause()
            await bench.store.until { $0.reports.last?.attempts == 0 }
            #expect(bench.store.read { $0.reports.last?.lastError } == nil)
        }

        #expect(bench.sink.attempts == 3)
    }

    @Test("is not healthy while each connection is closed before it has proved anything")
    func closedEarly() async throws {
        let bench = DeliveryBench(ScriptedSink(openings: [.fault(.refused)]))

        try await bench.run {
            try await bench.passPause()
            for index in 0..<3 {
                let session = await bench.sink.session(index)
                await bench.store.until { $0.connections.count > index }
                try await bench.clock.waitUntilSleeping()
                session.end(.closedByPeer)
                await bench.store.until { $0.connections[index].clean == true }
                // The wait on the open connection may still be running; the pause after its end follows.
                while bench.clock.untilNextDeadline != DeliveryLoop.rest { await Task.yield() }
                bench.clock.advance(by: DeliveryLoop.rest)
            }
            _ = await bench.sink.session(3)
        }

        #expect(bench.store.read { $0.reports.last?.attempts } == 1)
    }

    @Test("is reconnected immediately when the receiver closes a long connection")
    func lasted() async throws {
        let bench = DeliveryBench(ScriptedSink(openings: [.accept, .fault(.refused)]))

        try await bench.run {
            let session = await bench.sink.session(0)
            await bench.store.until { $0.connections.count == 1 }
            bench.clock.advance(by: DeliveryLoop.rest)
            session.end(.closedByPeer)
            await bench.store.until { $0.reports.last?.state == .retrying }
        }

        #expect(bench.clock.now.offset < DeliveryLoop.rest + .seconds(10))
    }

    @Test(
        "is reconnected within a minute after the receiver closed cleanly, and reported if that fails"
    )
    func staysAway() async throws {
        let bench = DeliveryBench(ScriptedSink(openings: [.accept, .fault(.refused)]))

        try await bench.run {
            await bench.sink.session(0).end(.closedByPeer)
            await bench.store.until { $0.connections.first?.clean == true }
            try await bench.clock.waitUntilSleeping()
            #expect(bench.clock.untilNextDeadline == .seconds(60))
            try await bench.passPause()
            await bench.store.until { $0.reports.last?.state == .retrying }
        }

        #expect(bench.store.read { $0.reports.last?.lastError } == "connection refused")
    }

    @Test("is retried immediately when its bell is rung, after a failure or a clean close")
    func bell() async throws {
        let bench = DeliveryBench(ScriptedSink(openings: [.fault(.refused)]))

        try await bench.run {
            try await bench.clock.waitUntilSleeping()
            #expect(bench.bell.ring())
            let first = await bench.sink.session(0)
            await bench.store.until { $0.connections.count == 1 }
            first.end(.closedByPeer)
            await bench.store.until { $0.connections.first?.clean == true }
            var hasWaited = false
            while bench.sink.attempts < 3 {
                hasWaited = bench.bell.ring() || hasWaited
                await Task.yield()
            }
            #expect(hasWaited)
        }

        #expect(bench.clock.now.offset < DeliveryLoop.rest)
    }
}
