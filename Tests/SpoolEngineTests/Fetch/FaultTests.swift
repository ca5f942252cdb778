import SpoolCore
import SpoolSimulator
import SpoolStore
import SpoolTestSupport
import Testing

@testable import SpoolEngineTestSupport

@Suite("Every fault of the portal", .timeLimit(.minutes(5)))
struct FaultTests {
    static let faults: [Fault] = [
        .throttled(.absent), .throttled(.seconds(7)), .throttled(.date(afterSeconds: 7)), .status(500),
        .status(502), .status(503), .status(504), .status(404), .status(302), .unauthorized, .reset, .hangUp,
        .truncated(.declared), .truncated(.chunked), .truncated(.unmarked), .truncated(.consistent), .notJSON,
        .htmlPage, .slow(seconds: 0.01), .stall(seconds: 0.01), .emptyPageWithNext, .missingNextFilters,
        .descending, .samePage, .shortPage, .longPage, .bloated(bytesPerRecord: 20_000), .recordWithoutID,
        .oddTypes, .invalidUTF8,
    ]

    private var settings: SourceText {
        var settings = SourceText()
        settings.bodyCap = 400_000
        return settings
    }

    @Test(
        "three times in a row: the spool finally holds all records, after a bounded number of requests",
        arguments: faults
    )
    func each(_ fault: Fault) async throws {
        try await PortalBench.with(PortalBench.quiet(history: 160)) { bench in
            let none = try await bench.run(settings) { run in
                // The portal's first responses are correct; the faults affect scans in progress.
                try await bench.portal.waitUntil { $0.total >= 4 }
                bench.portal.addFault(fault, on: [.activities], .next(3))
                bench.portal.addFault(fault, on: [.alerts], .next(3))
                bench.portal.fill(perSecond: 0.2, from: PortalBench.begin, for: .minutes(4))
                bench.portal.fill(.alerts, perSecond: 0.1, from: PortalBench.begin, for: .minutes(4))
                try await run.pass(.minutes(25))

                #expect(try await run.holdsTheTruth())
                return try await run.spool.number("SELECT count(*) FROM event WHERE readable = 0")
            }

            #expect(none <= 6)
            #expect(bench.portal.requests.total < 700)
            #expect(bench.portal.requests.busiestMinute <= 20)
        }
    }

    @Test("in a random mix: nothing is lost, nothing repeats forever", arguments: [1, 2] as [UInt64])
    func mix(_ seed: UInt64) async throws {
        var configuration = PortalBench.quiet(history: 300)
        configuration.seed = seed
        configuration.lateness = Lateness()
        configuration.lateness.slowestActivity = .minutes(9)
        try await PortalBench.with(configuration) { bench in
            var random = SeededGenerator(seed: seed)
            for fault in Self.faults.shuffled(using: &random) {
                bench.portal.addFault(FaultRule(fault, on: [.activities, .alerts], .probability(0.02)))
            }
            try await bench.run(settings) { run in
                bench.portal.setRate(activitiesPerSecond: 0.2)
                try await run.pass(.minutes(60))
                bench.portal.setRate(activitiesPerSecond: 0)
                bench.portal.clearFaults()
                // A failing stream pauses for at most five minutes, a sweep for at most ten.
                try await run.pass(.minutes(40))

                #expect(try await run.holdsTheTruth())
                let readable = try await run.spool.ids(.activities).count
                #expect(readable > bench.portal.visibleIDs(.activities).count * 9 / 10)
                #expect(bench.portal.requests.total < 3_000)
                #expect(bench.portal.requests.busiestMinute <= 20)
            }
        }
    }

    @Test(
        "in a random mix with restarts of the daemon",
        arguments: [4, 5] as [UInt64]
    )
    func mixWithRestarts(_ seed: UInt64) async throws {
        var configuration = PortalBench.quiet(history: 300)
        configuration.seed = seed
        try await PortalBench.with(configuration) { bench in
            var random = SeededGenerator(seed: seed)
            for fault in Self.faults.shuffled(using: &random) {
                bench.portal.addFault(FaultRule(fault, on: [.activities, .alerts], .probability(0.01)))
            }
            bench.portal.setRate(activitiesPerSecond: 0.1)
            for _ in 0..<8 {
                let length = Duration.seconds(Int.random(in: 1...600, using: &random))
                try await bench.run(settings) { run in try await run.pass(length) }
                bench.moveClocks(by: .seconds(Int.random(in: 0...900, using: &random)))
            }
            bench.portal.setRate(activitiesPerSecond: 0)
            bench.portal.clearFaults()
            try await bench.run(settings) { run in
                try await run.pass(.minutes(25))

                #expect(try await run.holdsTheTruth())
                #expect(bench.portal.requests.total < 3_000)
            }
        }
    }
}
