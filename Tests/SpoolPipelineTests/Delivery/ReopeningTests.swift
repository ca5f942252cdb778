import SpoolCore
import SpoolTestSupport
import Testing

@testable import SpoolPipeline

@Suite("Reopening a connection to obtain a proof", .timeLimit(.minutes(5)))
struct ReopeningTests {
    private static let doubt = KernelDoubt(bytes: 1_000, reopenAfter: .minutes(5))

    /// A loop whose first session has settled one event, acknowledged by the receiver's kernel.
    private static func bench() -> DeliveryBench {
        let bench = DeliveryBench(ScriptedSink(batch: 3, doubt: doubt))
        bench.store.spool(1)
        return bench
    }

    private static func settleFirst(_ bench: DeliveryBench) async -> ScriptedSession {
        let session = await bench.sink.session(0)
        await session.sent(1)
        session.settle([OutcomeRun(count: 1, outcome: .delivered(.kernel))])
        await bench.store.until { MemoryStore.isDrained($0) }
        return session
    }

    @Test(
        "happens after the interval, even with nothing to send; it ends cleanly and the next one opens"
    )
    func quiet() async throws {
        let bench = Self.bench()
        let began = bench.clock.now

        try await bench.run {
            let first = await Self.settleFirst(bench)
            try await bench.passPause()
            await first.finishing()
            _ = await bench.sink.session(1)
        }

        #expect(began.duration(to: bench.clock.now) >= .minutes(5))
        #expect(bench.store.read { $0.connections.first?.clean } == true)
        #expect(bench.store.read { $0.reports.allSatisfy { $0.suspicion == nil } })
    }

    @Test("with `never`, time does not reopen it, and a comparison does")
    func never() async throws {
        let bench = DeliveryBench(
            ScriptedSink(batch: 3, doubt: KernelDoubt(bytes: 1_000, reopenAfter: nil))
        )
        bench.store.spool(1)

        try await bench.run {
            let first = await Self.settleFirst(bench)
            bench.clock.advance(by: .days(3))
            bench.append(1)
            await first.sent(2)
            first.settle([OutcomeRun(count: 1, outcome: .delivered(.kernel))])
            await bench.store.until { MemoryStore.isDrained($0) }
            #expect(bench.sink.sessions.count == 1)
            while bench.sink.sessions.count == 1 {
                // Its watch may begin after the first asking.
                bench.proofs.wanted.notify()
                await Task.yield()
            }
            await first.finishing()
        }

        #expect(bench.store.read { $0.connections.first?.clean } == true)
    }

    @Test("a comparison that needs a proof gets it without waiting for the interval")
    func wanted() async throws {
        let bench = Self.bench()
        let began = bench.clock.now

        try await bench.run {
            let first = await Self.settleFirst(bench)
            try await bench.clock.waitUntilSleeping()
            bench.proofs.wanted.notify()
            await first.finishing()
            _ = await bench.sink.session(1)
            // The new connection has no unproved settlements.
            bench.proofs.wanted.notify()
            bench.append(1)
            await bench.sink.session(1).sent(1)
            #expect(bench.clock.now == began)
        }

        #expect(bench.sink.sessions.count == 2)
        #expect(bench.store.read { $0.connections.first?.clean } == true)
    }

    @Test(
        "a receiver that does not close it is reported, its events are doubtful, and a new one is opened"
    )
    func hanging() async throws {
        let bench = Self.bench()

        try await bench.run {
            let first = await Self.settleFirst(bench)
            first.neverFinish()
            try await bench.passPause()
            await first.finishing()
            first.end(SinkFault(.unreachable, isUnclean: true, "did not close"))
            try await bench.passPauses { _ = await bench.sink.session(1) }
        }

        #expect(bench.store.read { $0.connections.first?.clean } == false)
        let reports = bench.store.read { $0.reports }
        #expect(
            reports.contains { $0.state == .retrying && $0.suspicion?.contains("does not close") == true }
        )
        #expect(reports.last?.suspicion != nil)
    }

    @Test("a session that does not end by itself is closed after the timeout")
    func timeout() async throws {
        let bench = Self.bench()
        let began = bench.clock.now

        try await bench.run {
            let first = await Self.settleFirst(bench)
            first.neverFinish()
            try await bench.passPause()
            await first.finishing()
            try await bench.passPauses { _ = await bench.sink.session(1) }
        }

        #expect(began.duration(to: bench.clock.now) >= .minutes(5) + SessionRun.reopenTimeout)
        #expect(bench.store.read { $0.connections.first?.clean } == false)
    }

    @Test("later bytes prove earlier settlements, and no connection is reopened for them")
    func followed() async throws {
        let bench = DeliveryBench(
            ScriptedSink(batch: 1, doubt: KernelDoubt(bytes: 50, reopenAfter: .minutes(5)))
        )
        bench.store.spool(1)

        try await bench.run {
            let session = await Self.settleFirst(bench)
            bench.clock.advance(by: .minutes(4))
            bench.append(1)
            await session.sent(2)
            session.settle([OutcomeRun(count: 1, outcome: .delivered(.kernel))])
            await bench.store.until { MemoryStore.isDrained($0) }
            bench.clock.advance(by: .minutes(4))
            bench.append(1)
            await session.sent(3)
        }

        #expect(bench.sink.sessions.count == 1)
    }

    @Test("each ledger row has the bytes settled over its connection up to the end of the row")
    func positions() async throws {
        let bench = DeliveryBench(ScriptedSink(batch: 1, doubt: Self.doubt))
        bench.store.spool(3)

        try await bench.run {
            let session = await bench.sink.session(0)
            for count in 1...3 {
                await session.sent(count)
                session.settle([OutcomeRun(count: 1, outcome: .delivered(.kernel))])
                await bench.store.until { $0.ledger.count == count }
            }
        }

        #expect(bench.store.read { $0.ledger.map(\.entry.position) } == [100, 200, 300])
    }

    @Test(
        "a receiver that ends connections soon after taking lines is reported, doubtful, and tried less often"
    )
    func short() async throws {
        let bench = DeliveryBench(
            ScriptedSink(batch: 1, doubt: Self.doubt) { session, _, seqs in
                session.settle([OutcomeRun(count: seqs.count, outcome: .delivered(.kernel))])
                session.end(.closedByPeer)
            }
        )
        bench.store.spool(8)

        try await bench.run {
            try await bench.passPauses {
                await bench.store.until { MemoryStore.isDrained($0) }
                await bench.store.until { $0.connections.count { $0.clean == false } >= 8 }
            }
        }

        let reports = bench.store.read { $0.reports }
        #expect(bench.store.read { $0.connections.allSatisfy { $0.clean != true } })
        #expect(reports.compactMap(\.suspicion).first?.contains("ended 3 connections in a row") == true)
        let attempts = reports.filter { $0.state == .retrying }.map(\.attempts)
        #expect(attempts.prefix(7) == [1, 2, 3, 4, 5, 6, 7])
    }

    /// A loop on its second connection, which has settled an event; the first one was ended soon after it had.
    private static func afterShort(_ bench: DeliveryBench) async throws -> ScriptedSession {
        let first = await settleFirst(bench)
        first.end(.closedByPeer)
        try await bench.passPauses { _ = await bench.sink.session(1) }
        let second = await bench.sink.session(1)
        bench.append(1)
        await second.sent(1)
        second.settle([OutcomeRun(count: 1, outcome: .delivered(.kernel))])
        await bench.store.until { MemoryStore.isDrained($0) }
        return second
    }

    @Test("after a connection that was ended soon, a comparison waits until the next one has lasted longer")
    func wantedAfterShort() async throws {
        let bench = Self.bench()

        try await bench.run {
            let second = try await Self.afterShort(bench)
            let settled = bench.clock.now
            bench.proofs.wanted.notify()
            try await bench.passPauses { await second.finishing() }
            #expect(settled.duration(to: bench.clock.now) >= Suspicion.soon)
            await bench.store.until { $0.connections.last?.clean != nil }
        }

        #expect(bench.store.read { $0.connections.prefix(2).map(\.clean) } == [false, true])
    }

    @Test(
        "after a connection that was ended soon, the clean end that a stop asks for within seconds is no proof"
    )
    func stopAfterShort() async throws {
        let bench = Self.bench()

        try await bench.run { _ = try await Self.afterShort(bench) }

        #expect(bench.store.read { $0.connections.map(\.clean) } == [false, false])
    }

    @Test("an end long after the first lines of a burst is not suspicious")
    func lasting() async throws {
        let bench = DeliveryBench(ScriptedSink(batch: 1, doubt: Self.doubt))
        bench.store.spool(1)

        try await bench.run {
            let session = await Self.settleFirst(bench)
            bench.clock.advance(by: .seconds(11))
            session.end(.closedByPeer)
            await bench.store.until { $0.connections.first?.clean != nil }
        }

        #expect(bench.store.read { $0.connections.first?.clean } == true)
    }
}
