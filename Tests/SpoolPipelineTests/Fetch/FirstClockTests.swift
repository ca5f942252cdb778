import Logging
import SpoolCore
import SpoolPipeline
import SpoolTestSupport
import Testing

@Suite("First start of a stream with a wrong local clock", .timeLimit(.minutes(5)))
struct FirstClockTests {
    let bench = FetchBench()
    private let id = StreamID(1)
    private let stream = Sample.stream("activities", .activity, start: .age(.hours(2)))

    /// One record every ten minutes for the last 100 days, and one every ten seconds from now on.
    private func tenant(isEmpty: Bool = false) -> SimulatedTenant {
        let past = (0..<14_400).map { Sample.now - .minutes(10 * (14_399 - $0)) }
        let coming = (1..<400).map { Sample.now + .seconds($0 * 10) }
        let records = (isEmpty ? [] : past + coming).enumerated().map {
            SimulatedTenant.Record(id: $0, created: $1, appears: $1)
        }
        return SimulatedTenant(records: records, pageSize: 200)
    }

    /// Runs a loop for a while; `behind` is how far the local clock is behind the source's at a time of the
    /// run.
    private func run(
        _ tenant: SimulatedTenant,
        for duration: Duration,
        behind: @escaping @Sendable (Duration) -> Duration,
        date: @escaping @Sendable (Timestamp) -> Timestamp = { $0 }
    ) async throws -> ScriptedSource {
        let (clock, now) = (bench.clock, bench.now)
        let source = ScriptedSource(streams: [stream], now: { date(now()) }) { request, _ in
            let page = tenant.page(request.scan, limit: request.limit, date: now()).page
            return .page(Page(body: page.body, records: page.records, date: date(page.date), next: page.next))
        }
        let time = Clocks(clock: clock, wall: { now() - behind(clock.now.offset) }, chance: { 1 })
        let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        let loop = bench.loop(ClockedSource(source, time: time, logger: logger))
        let run = Task { [stop = bench.stop] in try await loop.run(stop: stop) }
        while bench.clock.now.offset < duration {
            try await bench.clock.waitUntilSleeping()
            try await bench.passPause()
        }
        try await bench.clock.waitUntilSleeping()
        bench.stop.ask()
        try await run.value
        return source
    }

    private var start: Timestamp? { bench.store.read { $0.streams[id]?.start } }

    @Test(
        "with a clock years behind, a stream does not start years ago, or read the past at every poll",
        arguments: [Duration.days(730), .days(365 * 56)]
    )
    func yearsBehind(behind: Duration) async throws {
        let source = try await run(tenant(), for: .minutes(30), behind: { _ in behind })

        let start = try #require(start)
        #expect(start >= Sample.now - .hours(4))
        #expect(start <= Sample.now - .hours(2))
        // 120 polls and some sweeps, each of one or two pages.
        #expect(source.requests.count < 400)
        #expect(source.requests.allSatisfy { $0.scan.from >= Sample.now - .days(1) })
        let spooled = bench.store.read { Set($0.events.compactMap { Int($0.event.externalID) }) }
        let due = tenant().records.filter {
            $0.created >= Sample.now - .hours(2) && $0.created < Sample.now + .minutes(29)
        }
        #expect(Set(due.map(\.id)).subtracting(spooled) == [])
        #expect(bench.store.read { $0.trouble[id]?.message }?.contains("this machine's clock is") == true)
    }

    @Test(
        "without a confirming record, it waits until the clock is set, and starts as if it had been right"
    )
    func setSoon() async throws {
        _ = try await run(
            tenant(isEmpty: true),
            for: .minutes(10),
            behind: { $0 < .minutes(5) ? .days(365 * 56) : .zero }
        )

        #expect(start == Sample.now - .hours(2))
    }

    @Test("a Date that is years ahead delays it by at most an hour, and nothing is skipped")
    func wrongDate() async throws {
        _ = try await run(
            tenant(),
            for: .hours(1) + .minutes(5),
            behind: { _ in .zero },
            date: { $0 + .days(730) }
        )

        let start = try #require(start)
        #expect(start <= Sample.now - .hours(2))
        let spooled = bench.store.read { Set($0.events.compactMap { Int($0.event.externalID) }) }
        let due = tenant().records.filter {
            $0.created >= Sample.now - .hours(2) && $0.created < Sample.now + .minutes(60)
        }
        #expect(Set(due.map(\.id)).subtracting(spooled) == [])
    }

    @Test(
        "with a look-back of two minutes and a Date four minutes ahead, records that appear late are found"
    )
    func shortLookBack() async throws {
        let stream = Sample.stream(
            "activities",
            .activity,
            start: .age(.minutes(10)),
            lookBack: .minutes(2)
        )
        // One record per second; every twentieth appears 90 seconds after it was saved.
        let records = (0..<600).map { number in
            let created = Sample.now + .seconds(number)
            let appears = number.isMultiple(of: 20) ? created + .seconds(90) : created
            return SimulatedTenant.Record(id: number, created: created, appears: appears)
        }
        let tenant = SimulatedTenant(records: records, pageSize: 200)
        let (clock, now) = (bench.clock, bench.now)
        let source = ScriptedSource(streams: [stream], now: { now() + .minutes(4) }) { request, _ in
            let page = tenant.page(request.scan, limit: request.limit, date: now()).page
            let date = page.date + .minutes(4)
            return .page(Page(body: page.body, records: page.records, date: date, next: page.next))
        }
        let time = Clocks(clock: clock, wall: now, chance: { 1 })
        let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        let loop = bench.loop(ClockedSource(source, time: time, logger: logger))
        let run = Task { [stop = bench.stop] in try await loop.run(stop: stop) }
        while bench.clock.now.offset < .minutes(21) {
            try await bench.clock.waitUntilSleeping()
            let progress = bench.store.read { $0.streams[id] }
            #expect((progress?.sweptTo ?? Sample.now - .days(1)) <= bench.now() - .minutes(2))
            try await bench.passPause()
        }
        bench.stop.ask()
        try await run.value

        #expect(bench.store.read { Set($0.events.compactMap { Int($0.event.externalID) }) }.count == 600)
    }
}
