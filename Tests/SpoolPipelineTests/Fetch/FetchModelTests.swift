import SpoolCore
import SpoolPipeline
import SpoolTestSupport
import Synchronization
import Testing

@Suite("Fetching under random faults", .timeLimit(.minutes(5)))
struct FetchModelTests {
    /// One hour of records, one in ten of them late by up to the look-back.
    private func tenant(_ random: inout SeededGenerator) -> SimulatedTenant {
        var records: [SimulatedTenant.Record] = []
        for second in stride(from: -600, to: 3_600, by: Int.random(in: 3...20, using: &random)) {
            let isLate = Int.random(in: 0..<10, using: &random) == 0
            let created = Sample.now + .seconds(second)
            let delay = Duration.seconds(isLate ? Int.random(in: 0...600, using: &random) : 0)
            records.append(.init(id: records.count, created: created, appears: created + delay))
        }
        return SimulatedTenant(records: records, pageSize: 25)
    }

    private static let faults: [SourceFault.Kind] = [
        .unreachable, .incomplete, .nonsense, .tooLarge, .scanLost, .unended, .throttled(.seconds(7)),
        .forbidden,
    ]

    @Test(
        "spools every record exactly once, including late ones, whatever fails in any order",
        arguments: 1...20
    )
    func model(seed: Int) async throws {
        var random = SeededGenerator(seed: UInt64(seed))
        let tenant = tenant(&random)
        let draws = Mutex(SeededGenerator(seed: UInt64(seed) &+ 500))
        let bench = FetchBench(chance: 0.6)
        let stream = Sample.stream("activities", .activity, start: .age(.minutes(10)))
        var sinces: [Timestamp] = []

        while bench.clock.now.offset < .minutes(85) {
            // A new loop in each round, as after a restart of the process, often during a scan.
            let source = ScriptedSource(streams: [stream], requestsPerMinute: 60, now: bench.now) {
                [now = bench.now] request, _ in
                let draw = draws.withLock { Int.random(in: 0..<40, using: &$0) }
                if now() < Sample.now + .hours(1), draw < Self.faults.count {
                    return .fault(SourceFault(Self.faults[draw], "fault \(draw)"))
                }
                return .page(tenant.page(request.scan, limit: request.limit, date: now()).page)
            }
            let stop = ShutdownRequest()
            let loop = bench.loop(source)
            let run = Task { try await loop.run(stop: stop) }
            let end = bench.clock.now.offset + .seconds(Int.random(in: 60...900, using: &random))
            while bench.clock.now.offset < end {
                if Int.random(in: 0..<20, using: &random) == 0 { bench.store.fail(.append, .full) }
                try await bench.passPause()
            }
            stop.ask()
            try await run.value
            sinces.append(bench.store.read { $0.streams[StreamID(1)]?.cursor?.since } ?? Sample.now)
        }

        let spooled = bench.store.read { $0.events.compactMap { Int($0.event.externalID) } }
        let due = tenant.records.filter { $0.created < Sample.now + .hours(1) }.map(\.id)
        #expect(spooled.count == Set(spooled).count, "seed \(seed)")
        #expect(Set(due).subtracting(spooled) == [], "seed \(seed)")
        #expect(sinces == sinces.sorted(), "seed \(seed)")
    }
}
