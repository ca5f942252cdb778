import SpoolCore
import SpoolPipeline
import SpoolTestSupport
import Testing

@Suite("Fetch loop", .timeLimit(.minutes(5)))
struct FetchLoopTests {
    let bench = FetchBench()
    private let stream = StreamID(1)

    private func page(_ ids: [String], next: String? = nil) -> ScriptedSource.Answer {
        .page(Sample.page(ids.map { Sample.event($0, created: Sample.now - .minutes(1)) }, next: next))
    }

    @Test("starts a stream with the source's own time, only once")
    func begins() async throws {
        let source = ScriptedSource { _, _ in page([]) }

        try await bench.run(source) { await source.asked(1) }

        #expect(source.dates == 1)
        #expect(bench.store.read { $0.streams[stream]?.start } == Sample.now - .days(2))
        #expect(source.requests.first?.scan.from == Sample.now - .days(2))
        #expect(source.isShutDown)
    }

    @Test("spools page after page, signals new events, and moves since only with the last page")
    func pages() async throws {
        let source = ScriptedSource { _, count in
            count == 1 ? page(["a", "b"], next: "2") : page(["b", "c"])
        }
        let before = bench.appended.version

        try await bench.run(source) {
            await bench.store.until {
                $0.streams[stream]?.cursor?.scan?.position == "2" || $0.events.count == 3
            }
            await bench.store.until { $0.events.count == 3 && $0.streams[stream]?.cursor?.scan == nil }
        }

        #expect(source.requests.prefix(2).map(\.scan.position) == [nil, "2"])
        #expect(bench.store.read { $0.events.map(\.event.externalID) } == ["a", "b", "c"])
        let end = try #require(source.requests.first?.scan.to)
        #expect(bench.store.read { $0.streams[stream]?.cursor?.since ?? Sample.now } >= end)
        #expect(bench.appended.version > before)
    }

    @Test("after a restart a scan continues at its position")
    func restart() async throws {
        let first = ScriptedSource { _, count in count == 1 ? page(["a"], next: "2") : .hang }
        try await bench.run(first) { await first.asked(2) }

        let again = FetchBench()
        bench.store.edit { tables in again.store.edit { $0 = tables } }
        let second = ScriptedSource { _, _ in page(["b"]) }
        try await again.run(second) { await again.store.until { $0.events.count == 2 } }

        #expect(second.requests.first?.scan.position == "2")
        #expect(again.store.read { $0.windows.first?.state } == .complete)
    }

    @Test("a stored scan with other filters is abandoned and restarts at since")
    func otherFilters() async throws {
        let first = ScriptedSource { _, count in count == 1 ? page(["a"], next: "2") : .hang }
        try await bench.run(first) { await first.asked(2) }

        let again = FetchBench()
        bench.store.edit { tables in again.store.edit { $0 = tables } }
        let changed = Sample.stream("activities", .activity, filterHash: "f2")
        let second = ScriptedSource(streams: [changed]) { _, _ in page([]) }
        try await again.run(second) { await second.asked(1) }

        #expect(again.store.read { $0.windows.first?.state } == .abandoned)
        #expect(second.requests.first?.scan.position == nil)
        #expect(second.requests.first?.scan.from == Sample.now - .days(2))
    }

    @Test("a stop cancels a request immediately, and that is not a fault of the source", arguments: [1, 2])
    func stopDuringRequest(hangs: Int) async throws {
        let source = ScriptedSource { _, count in count == hangs ? .hang : page(["a"], next: "2") }

        try await bench.run(source) { await source.asked(hangs) }

        #expect(bench.store.read { $0.trouble[stream] } == nil)
        #expect(source.isShutDown)
    }

    @Test("cancelling the task ends the loop without spinning")
    func cancelled() async throws {
        let source = ScriptedSource { _, _ in .hang }
        let task = Task { try await bench.loop(source).run(stop: bench.stop) }
        await source.asked(1)

        task.cancel()
        try await task.value

        #expect(source.requests.count == 1)
    }

    @Test("backs off from a source that is down, reports it, and clears the report with the first answer")
    func backsOff() async throws {
        let source = ScriptedSource(dateFault: { $0 < 4 ? SourceFault(.unreachable, "no route") : nil }) {
            _,
            _ in
            page([])
        }

        try await bench.run(source) {
            for attempt in 1...3 {
                await source.askedDate(attempt)
                try await bench.clock.waitUntilSleeping()
                #expect(bench.clock.untilNextDeadline == .seconds(1 << (attempt - 1)))
                #expect(bench.store.read { $0.trouble[stream]?.state } == "unreachable")
                try await bench.passPause()
            }
            await source.asked(1)
        }

        #expect(bench.store.read { $0.trouble[stream] } == nil)
    }

    @Test("a problem reported before a restart is cleared by the first answer after it")
    func oldTrouble() async throws {
        let source = ScriptedSource { _, _ in page([]) }
        let old = StreamTrouble(state: "unreachable", message: "no route", since: Sample.now)
        bench.store.edit { $0.trouble[stream] = old }

        try await bench.run(source) { await bench.store.until { $0.trouble[stream] == nil } }
    }

    @Test(
        "a scan lost by the source is abandoned and restarts; repeated losses are reported and slow it down"
    )
    func scanLost() async throws {
        let source = ScriptedSource { request, _ in
            request.scan.position == nil ? page(["a"], next: "2") : .fault(SourceFault(.scanLost, "gone"))
        }

        try await bench.run(source) {
            await source.asked(4)
            try await bench.clock.waitUntilSleeping()
            #expect(bench.clock.untilNextDeadline == .seconds(30))
            #expect(bench.store.read { $0.trouble[stream]?.state } == "scan lost")
            try await bench.passPause()
            await source.asked(6)
        }

        #expect(bench.store.read { $0.windows.prefix(2).map(\.state) } == [.abandoned, .abandoned])
        #expect(bench.store.read { $0.streams[stream]?.cursor?.since } == Sample.now - .days(2))
    }

    @Test("a window without an end is requested again at its position, and since is unchanged until it ends")
    func unendedWindow() async throws {
        let source = ScriptedSource { _, count in
            switch count {
            case 1: page(["a"], next: "2")
            case 2...4: .fault(SourceFault(.unended, "no continuation"))
            default: page(["b"])
            }
        }

        try await bench.run(source) {
            for (asked, pause) in [(2, 1), (3, 2), (4, 4)] {
                await source.asked(asked)
                try await bench.clock.waitUntilSleeping()
                #expect(bench.clock.untilNextDeadline == .seconds(pause))
                #expect(bench.store.read { $0.trouble[stream]?.state } == "unusable answers")
                #expect(bench.store.read { $0.streams[stream]?.cursor?.since } == Sample.now - .days(2))
                try await bench.passPause()
            }
            await bench.store.until { $0.events.count == 2 && $0.trouble[stream] == nil }
        }

        #expect(source.requests.prefix(5).map(\.scan.position) == [nil, "2", "2", "2", "2"])
        #expect(bench.store.read { $0.windows.first?.state } == .complete)
        #expect(bench.store.read { $0.streams[stream]?.cursor?.since ?? .max } > Sample.now - .days(2))
    }

    @Test("sweeps without an end are paused and reported, and polls continue on schedule")
    func unendedSweeps() async throws {
        let source = ScriptedSource(now: bench.now) { [now = bench.now] request, _ in
            request.scan.reason == .sweep
                ? .fault(SourceFault(.unended, "no continuation")) : .page(Sample.page([], date: now()))
        }
        let swept = Sample.now - .minutes(10)

        // Later than this, a catch-up poll would count as the sweep.
        try await bench.run(source) {
            while bench.clock.now.offset < .minutes(14) { try await bench.passPause() }
            try await bench.clock.waitUntilSleeping()
            #expect(bench.store.read { $0.trouble[stream]?.state } == "unusable answers")
        }

        let polls = source.requests.count { $0.scan.reason == .poll }
        let sweeps = source.requests.count { $0.scan.reason == .sweep }
        #expect(polls >= 55)
        #expect((8...20).contains(sweeps))
        #expect(bench.store.read { $0.streams[stream]?.sweptTo } == swept)
    }

    @Test(
        "open polls without an end still spool records, and only windows that end move since"
    )
    func unendedPolls() async throws {
        let start = Sample.now - .minutes(1)
        let activities = Sample.stream("activities", .activity, start: .time(start))
        let source = ScriptedSource(streams: [activities], now: bench.now) {
            [now = bench.now] request, count in
            guard request.scan.to == nil else { return .page(Sample.page([], date: now())) }
            guard request.scan.position == nil else {
                return .fault(SourceFault(.unended, "no continuation"))
            }
            let event = Sample.event("e\(count)", created: now())
            return .page(Sample.page([event], date: now(), next: "2"))
        }

        try await bench.run(source) {
            while bench.clock.now.offset < .hours(1) {
                try await bench.clock.waitUntilSleeping()
                let since = bench.store.read { $0.streams[stream]?.cursor?.since } ?? start
                let proved = source.requests.compactMap(\.scan).filter { $0.reason == .poll }.compactMap(\.to)
                    .max()
                #expect(since <= proved ?? start)
                try await bench.passPause()
            }
        }

        #expect(bench.store.read { $0.events.count } > 50)
        #expect(source.requests.count < 400)
        #expect(
            bench.store.read { $0.streams[stream]?.cursor?.since ?? Sample.now } >= Sample.now + .minutes(14)
        )
        let open = bench.store.read { $0.windows.filter { $0.scan.to == nil && $0.scan.reason == .poll } }
        #expect(open.dropLast().allSatisfy { $0.state == .abandoned })
    }

    @Test("a source that returns the same continuation token is not followed in a loop")
    func samePage() async throws {
        let source = ScriptedSource { _, _ in page(["a"], next: "2") }

        try await bench.run(source) {
            await bench.store.until { $0.trouble[stream]?.state == "scan lost" }
        }

        #expect(bench.store.read { $0.windows.first?.state } == .abandoned)
    }

    @Test("answers that are too large or truncated shrink the pages, without waiting for the next poll")
    func shrinks() async throws {
        let source = ScriptedSource { _, count in
            count < 4 ? .fault(SourceFault(.tooLarge, "17 MiB")) : page([])
        }

        try await bench.run(source) { await source.asked(4) }

        #expect(source.requests.prefix(4).map(\.limit) == [5_000, 2_500, 1_250, 625])
        #expect(bench.clock.now.offset == .zero)
    }

    @Test("after 429 all streams of the tenant wait for as long as it requests")
    func throttled() async throws {
        let bench = FetchBench(chance: 0)
        let source = ScriptedSource(streams: [Sample.activities, Sample.alerts]) { _, count in
            count == 1 ? .fault(SourceFault(.throttled(.seconds(41)), "429")) : page([])
        }

        try await bench.run(source) {
            await bench.store.until { $0.trouble.values.contains { $0.state == "throttled" } }
            try await bench.clock.waitUntilSleeping()
            let asked = source.requests.count
            bench.clock.advance(by: .seconds(40))
            #expect(source.requests.count <= asked + 1)
            try await bench.passPause()
            await source.asked(asked + 1)
        }
    }

    @Test("throttling of one stream is reported for every stream that waits for it, and so is its end")
    func throttledTogether() async throws {
        let bench = FetchBench(chance: 0)
        let source = ScriptedSource(streams: [Sample.activities, Sample.alerts]) { _, count in
            count == 1 ? .fault(SourceFault(.throttled(.seconds(41)), "429")) : page([])
        }

        try await bench.run(source) {
            await bench.store.until { store in
                [1, 2].allSatisfy { store.trouble[StreamID($0)]?.state == "throttled" }
            }
            #expect(bench.clock.now.offset < .seconds(41))
            while !bench.store.read({ $0.trouble.isEmpty }) { try await bench.passPause() }
        }
    }

    @Test("a record outside the requested window is spooled once, and the stream continues")
    func outside() async throws {
        let old = PageRecord(
            raw: 0..<0,
            event: Sample.event("old", created: Sample.now - .days(30)),
            hasOwnTime: false,
            isOutside: true
        )
        let source = ScriptedSource { _, _ in
            .page(Page(body: [], records: [old], date: Sample.now, next: nil))
        }

        try await bench.run(source) {
            for _ in 0..<3 { try await bench.passPause() }
        }

        #expect(source.requests.count >= 3)
        #expect(bench.store.read { $0.events.map(\.event.externalID) } == ["old"])
        #expect(bench.store.read { $0.trouble.isEmpty })
    }

    @Test("a fault of one stream does not delay another")
    func independent() async throws {
        let source = ScriptedSource(streams: [Sample.activities, Sample.alerts]) { request, _ in
            request.stream == Sample.activities.name ? .fault(SourceFault(.forbidden, "403")) : page(["x"])
        }

        try await bench.run(source) {
            await bench.store.until { $0.trouble[StreamID(1)]?.state == "forbidden" && $0.events.count == 1 }
        }

        #expect(bench.store.read { $0.events.first?.stream } == StreamID(2))
        #expect(bench.store.read { $0.trouble[StreamID(2)] } == nil)
    }

    @Test("a page fetched while the disk is full waits for space and is not requested again")
    func fullDisk() async throws {
        let source = ScriptedSource { _, _ in page(["a"]) }
        bench.store.fail(.append, .full, times: 3)

        try await bench.run(source) {
            for _ in 0..<3 { try await bench.passPause() }
            await bench.store.until { $0.events.count == 1 }
            #expect(bench.store.read { $0.calls[.append] } ?? 0 >= 4)
        }

        let asked = source.requests.map(\.scan.from)
        #expect(Set(asked).count == asked.count)
    }

    @Test(
        "a temporary error of the spool ends nothing, in any operation",
        arguments: [MemoryStore.Operation.progress, .begin, .mustPause, .append, .report]
    )
    func passing(operation: MemoryStore.Operation) async throws {
        let source = ScriptedSource { _, _ in page(["a"]) }
        bench.store.fail(operation, .busy)

        try await bench.run(source) {
            if operation != .report { try await bench.passPause() }
            await bench.store.until { $0.events.count == 1 }
        }
    }

    @Test(
        "an unusable spool ends the loop, with all its streams",
        arguments: [MemoryStore.Operation.progress, .begin, .mustPause, .append]
    )
    func broken(operation: MemoryStore.Operation) async throws {
        let source = ScriptedSource(streams: [Sample.activities, Sample.alerts]) { _, _ in page(["a"]) }
        bench.store.fail(operation, .io)

        await #expect(throws: StoreError(.io, "scripted")) {
            try await bench.loop(source).run(stop: bench.stop)
        }
        #expect(source.isShutDown)
    }

    @Test("requests no page while the spool is full, only the time, and continues when there is space")
    func paused() async throws {
        let source = ScriptedSource { _, _ in page(["a"]) }
        bench.store.edit { $0.pauses = true }

        try await bench.run(source) {
            try await bench.passPause()
            try await bench.clock.waitUntilSleeping()
            #expect(source.requests.isEmpty)
            bench.store.edit { $0.pauses = false }
            try await bench.passPause()
            await bench.store.until { $0.events.count == 1 }
        }
    }

    @Test("a paused stream that polls once a day checks every few seconds whether there is space again")
    func pausedBetweenRarePolls() async throws {
        let source = ScriptedSource(pollInterval: .days(1)) { _, _ in page(["a"]) }
        bench.store.edit { $0.pauses = true }

        try await bench.run(source) {
            try await bench.passPause()
            try await bench.clock.waitUntilSleeping()
            #expect(bench.clock.untilNextDeadline == .seconds(5))
            bench.store.edit { $0.pauses = false }
            try await bench.passPause()
            await bench.store.until { $0.events.count == 1 }
        }
    }

    @Test("polls every 15 s and sweeps what is due, over hours of virtual time")
    func paces() async throws {
        let source = ScriptedSource(now: bench.now) { [now = bench.now] _, _ in
            .page(Sample.page([], date: now()))
        }

        try await bench.run(source) {
            while bench.clock.now.offset < .hours(1) { try await bench.passPause() }
        }

        let polls = source.requests.count { $0.scan.reason == .poll }
        let sweeps = source.requests.count { $0.scan.reason == .sweep }
        // Catch-up windows are included: some at the start, and one per quarter of an hour without events.
        #expect((239...252).contains(polls))
        #expect((11...13).contains(sweeps))
        #expect(bench.store.read { $0.streams[stream]?.sweptTo ?? Sample.now } >= Sample.now + .minutes(44))
    }

    @Test("a trouble that changes its cause is as old as before, though the local clock was set meanwhile")
    func troubleSince() async throws {
        let bench = FetchBench()
        let source = ScriptedSource { _, count in
            .fault(SourceFault(.unreachable, "cause \(count)"))
        }

        try await bench.run(source) {
            try await bench.passPause()
            try await bench.clock.waitUntilSleeping()
            bench.wallStep.set(by: .days(400))
            let rest = try #require(bench.clock.untilNextDeadline)
            bench.clock.advance(by: rest)
            await source.asked(3)
            try await bench.clock.waitUntilSleeping()
        }

        let trouble = bench.store.read { $0.trouble[stream] }
        #expect(trouble?.message.contains("cause 3") == true)
        #expect(trouble?.since == Sample.now + .days(400) - bench.clock.now.offset)
    }

    @Test(
        "an operator's retry ends the wait after a fault, of a stream or of a single scan",
        arguments: [SourceFault.Kind.unreachable, .forbidden, .unended]
    )
    func retryNow(kind: SourceFault.Kind) async throws {
        let bench = FetchBench()
        let source = ScriptedSource { _, count in
            count == 1 ? .fault(SourceFault(kind, "scripted")) : page(["a"])
        }

        try await bench.run(source) {
            await source.asked(1)
            while bench.store.read({ $0.events.isEmpty }) {
                bench.bell.ring()
                await Task.yield()
            }
        }

        #expect(bench.clock.now.offset == .zero)
    }
}
