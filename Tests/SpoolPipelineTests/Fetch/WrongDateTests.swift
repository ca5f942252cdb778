import Logging
import SpoolCore
import SpoolPipeline
import SpoolTestSupport
import Testing

@Suite("Fetching from a source with a wrong Date", .timeLimit(.minutes(5)))
struct WrongDateTests {
    let bench = FetchBench()
    private let id = StreamID(1)
    private let stream = Sample.stream("activities", .activity, start: .age(.minutes(10)))

    /// One record every ten seconds.
    private var tenant: SimulatedTenant {
        let records = (0..<300).map { number in
            let created = Sample.now + .seconds(number * 10 - 600)
            return SimulatedTenant.Record(id: number, created: created, appears: created)
        }
        return SimulatedTenant(records: records, pageSize: 25)
    }

    /// A loop on a machine with a correct clock; `wrong` is the error of the source's time at a time of the
    /// clock.
    private func loop(wrong: @escaping @Sendable (Duration) -> Duration) -> FetchLoop {
        let (clock, now, tenant) = (bench.clock, bench.now, tenant)
        let source = ScriptedSource(streams: [stream], now: { now() + wrong(clock.now.offset) }) {
            request,
            _ in
            let page = tenant.page(request.scan, limit: request.limit, date: now()).page
            let date = page.date + wrong(clock.now.offset)
            return .page(Page(body: page.body, records: page.records, date: date, next: page.next))
        }
        let time = Clocks(clock: clock, wall: now, chance: { 1 })
        let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        return bench.loop(ClockedSource(source, time: time, logger: logger))
    }

    @Test(
        "skips nothing, is reported, and never moves since past the true time",
        arguments: [Duration.minutes(5), .zero]
    )
    func wrongForAWhile(from begin: Duration) async throws {
        let loop = loop { $0 >= begin && $0 < begin + .minutes(5) ? .days(8) : .zero }
        let run = Task { [stop = bench.stop] in try await loop.run(stop: stop) }
        var states: Set<String> = []
        while bench.clock.now.offset < .minutes(35) {
            try await bench.clock.waitUntilSleeping()
            let (progress, trouble) = bench.store.read { ($0.streams[id], $0.trouble[id]) }
            #expect((progress?.cursor?.since ?? Sample.now - .days(1)) <= bench.now())
            #expect((progress?.sweptTo ?? Sample.now - .days(1)) <= bench.now())
            if let trouble { states.insert(trouble.state) }
            try await bench.passPause()
        }
        bench.stop.ask()
        try await run.value

        let spooled = bench.store.read { Set($0.events.compactMap { Int($0.event.externalID) }) }
        let due = tenant.records.filter { $0.created < Sample.now + .minutes(34) }.map(\.id)
        #expect(Set(due).subtracting(spooled) == [])
        #expect(states == ["clocks differ"])
        #expect(bench.store.read { $0.trouble[id] } == nil)
        #expect(bench.store.read { $0.streams[id]?.sweptTo ?? Sample.now } >= Sample.now + .minutes(15))
    }

    @Test("moves back a cursor that an earlier run has moved into the future")
    func harmed() async throws {
        let ahead = Sample.now + .days(8)
        bench.store.edit { [id] in
            $0.streams[id] = StreamProgress(
                start: Sample.now - .minutes(10),
                cursor: Cursor(since: ahead),
                sweptTo: ahead
            )
        }
        let loop = loop { _ in .zero }
        let run = Task { [stop = bench.stop] in try await loop.run(stop: stop) }
        while bench.store.read({ $0.events.count }) < 60 { try await bench.passPause() }
        bench.stop.ask()
        try await run.value

        #expect(bench.store.read { $0.streams[id]?.cursor?.since ?? ahead } <= bench.now())
        #expect(bench.store.read { $0.calls[.pullBack] } == 1)
    }
}
