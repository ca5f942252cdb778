import SpoolCore
import SpoolTestSupport
import Testing

@testable import SpoolPipeline

@Suite("Replays in the delivery loop", .timeLimit(.minutes(5)))
struct ReplayLoopTests {
    private let window = ReplayRequest(sink: SinkName("siem"), from: Sample.now, to: Sample.now + .days(1))

    /// Marks everything spooled so far as delivered.
    private func deliverAll(_ bench: DeliveryBench) {
        bench.store.edit { tables in
            for (id, entry) in tables.subscriptions {
                let subscription = entry.subscription
                let own = tables.events.filter { $0.stream == subscription.stream }.map(\.seq)
                guard let first = own.first, let last = own.last else { continue }
                let row = LedgerEntry(
                    stream: subscription.stream,
                    first: first,
                    last: last,
                    outcome: .delivered(.kernel),
                    events: own.count,
                    bytes: 0,
                    attempts: 1,
                    sent: Sample.now,
                    settled: Sample.now
                )
                tables.ledger.append((entry.sink, row))
                tables.subscriptions[id] = (
                    entry.sink,
                    Subscription(
                        id: id,
                        stream: subscription.stream,
                        name: subscription.name,
                        watermark: last
                    )
                )
            }
        }
    }

    private func isDisabled(_ tables: MemoryStore.Tables) -> Bool { tables.replays.first?.state == .disabled }

    @Test("a replay created while the loop waits wakes it, sends its window and ends")
    func wakes() async throws {
        let bench = DeliveryBench(ScriptedSink { session, _, _ in session.settle() })
        bench.store.spool(5)
        bench.store.spool(7, occurred: Sample.now - .days(9))
        bench.store.spool(4)
        deliverAll(bench)

        try await bench.run {
            await bench.store.until { $0.reports.last?.state == .connected }
            _ = try await bench.store.create(window, at: Sample.now)
            bench.lanesChanged.notify()
            await bench.store.until(isDisabled)
        }

        let sent = bench.sink.sessions.flatMap(\.batches).flatMap { $0 }.map(\.value)
        #expect(sent == [1, 2, 3, 4, 5, 13, 14, 15, 16])
        #expect(bench.store.read { $0.replays.first?.sent } == 9)
        #expect(bench.store.findings() == [])
    }

    @Test("empty slices are skipped to the end, even with nothing to send and a sink that is down")
    func nothingToSend() async throws {
        let bench = DeliveryBench(ScriptedSink(openings: [.fault(.refused), .hang]))
        bench.store.spool(55, occurred: Sample.now - .days(9))
        deliverAll(bench)
        _ = try await bench.store.create(window, at: Sample.now)

        try await bench.run {
            try await bench.passPause()
            await bench.store.until(isDisabled)
        }

        #expect(bench.sink.sessions.isEmpty)
    }

    @Test("a replay gets at most one batch for each live batch while live lanes have work")
    func turns() async throws {
        let bench = DeliveryBench(ScriptedSink(batch: 2) { session, _, _ in session.settle() })
        bench.store.spool(8)
        deliverAll(bench)
        _ = try await bench.store.create(window, at: Sample.now)
        bench.store.spool(8)

        try await bench.run {
            await bench.store.until { isDisabled($0) && MemoryStore.isDrained($0) }
        }

        let isLive = bench.sink.sessions.flatMap(\.batches).map { ($0.first ?? Seq(0)) > Seq(8) }
        #expect(isLive == [true, false, true, false, true, false, true, false])
    }

    @Test(
        "a replay with a rate sends that many events per second, and does not delay live delivery"
    )
    func rate() async throws {
        let bench = DeliveryBench(ScriptedSink(batch: 10) { session, _, _ in session.settle() })
        bench.store.spool(7)
        deliverAll(bench)
        var window = window
        window.rate = 2
        _ = try await bench.store.create(window, at: Sample.now)
        var sent: [Int] = []

        try await bench.run {
            for second in 0..<3 {
                try await bench.clock.waitUntilSleeping()
                await bench.store.until { ($0.replays.first?.sent ?? 0) >= 2 * (second + 1) }
                sent.append(bench.store.read { $0.replays.first?.sent ?? 0 })
                if second == 1 {
                    bench.append(3)
                    await bench.store.until { MemoryStore.isDrained($0) }
                    sent.append(bench.store.read { $0.replays.first?.sent ?? 0 })
                    try await bench.clock.waitUntilSleeping()
                }
                bench.clock.advance(by: .seconds(1))
            }
            await bench.store.until(isDisabled)
        }

        #expect(sent == [2, 4, 4, 6])
        #expect(bench.store.read { $0.replays.first?.sent } == 7)
        #expect(bench.store.findings() == [])
    }

    @Test("a replay whose window is still being fetched sends nothing, and does not end")
    func refetching() async throws {
        let bench = DeliveryBench(ScriptedSink(batch: 10) { session, _, _ in session.settle() })
        bench.store.spool(4)
        deliverAll(bench)
        let replay = try await bench.store.create(window, at: Sample.now)
        bench.store.edit { $0.replays[0].refetch = Refetch(parts: []) }

        try await bench.run {
            bench.append(1)
            await bench.store.until { MemoryStore.isDrained($0) }
            #expect(bench.store.read { $0.replays.first?.state } == .running)
            bench.store.edit { $0.replays[0].refetch?.isFixed = true }
            bench.lanesChanged.notify()
            await bench.store.until(isDisabled)
        }

        #expect(bench.store.read { $0.replays.first { $0.id == replay.id }?.sent } == 4)
        #expect(bench.sink.sessions.flatMap(\.batches) == [[Seq(5)], [Seq(1), Seq(2), Seq(3), Seq(4)]])
    }

    @Test("after a lost session only unsettled events are sent again, and the end waits for the last batch")
    func lost() async throws {
        let bench = DeliveryBench(ScriptedSink(batch: 3))
        bench.store.spool(6)
        deliverAll(bench)
        _ = try await bench.store.create(window, at: Sample.now)

        try await bench.run {
            let first = await bench.sink.session(0)
            await first.sent(2)
            first.settle()
            await bench.store.until { $0.replays.first?.streams.first?.position == Seq(3) }
            #expect(bench.store.read { $0.replays.first?.state } == .running)
            first.end(.reset)
            try await bench.passPause()
            let second = await bench.sink.session(1)
            await second.sent(1)
            #expect(second.batches == [[Seq(4), Seq(5), Seq(6)]])
            second.settle()
            await bench.store.until(isDisabled)
        }

        #expect(bench.store.read { $0.replays.first?.sent } == 6)
        #expect(bench.store.findings() == [])
    }

    @Test(
        "a replay that is paused or cancelled sends no further batch",
        arguments: [Replay.State.paused, .cancelled]
    )
    func leaves(state: Replay.State) async throws {
        let bench = DeliveryBench(ScriptedSink(batch: 1, openings: [.fault(.refused)]))
        bench.store.spool(5)
        deliverAll(bench)
        let replay = try await bench.store.create(window, at: Sample.now)

        try await bench.run {
            try await bench.passPause()
            // The session is a probe: the second batch is read and waits.
            let session = await bench.sink.session(0)
            await session.sent(1)
            try await bench.store.move(replay.id, to: state, at: Sample.now)
            bench.lanesChanged.notify()
            let reads = bench.store.read { $0.calls[.subscriptions] ?? 0 }
            session.settle()
            await bench.store.until { ($0.calls[.subscriptions] ?? 0) > reads || $0.replays[0].sent > 0 }
            bench.append(1)
            await session.sent(2)
            session.settle()
            await bench.store.until { tables in
                session.settle()
                return MemoryStore.isDrained(tables)
            }
            // The batch that was read ahead was not sent either.
            #expect(session.batches.count { ($0.first ?? Seq(9)) <= Seq(5) } == 1)
        }

        #expect(bench.store.read { $0.replays.first?.state } == state)
        #expect(bench.store.findings() == [])
    }
}
