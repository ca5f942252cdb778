import SpoolCore
import SpoolPipeline
import SpoolSimulator
import SpoolStore
import Testing

@testable import SpoolEngineTestSupport
@testable import SpoolEngine

@Suite("Polls and sweeps within the tenant's budget", .timeLimit(.minutes(5)))
struct BudgetTests {
    private func portal() -> SimulatorConfiguration {
        var configuration = PortalBench.quiet()
        configuration.limits = PageLimits()
        configuration.throttle = Throttle(requestsPerMinute: 20)
        return configuration
    }

    @Test("at 100 activities/s, pages of 5,000 need 20 requests per minute, and no late record is missed")
    func largePages() async throws {
        try await PortalBench.with(portal()) { bench in
            let portal = bench.portal
            portal.fill(perSecond: 100, from: PortalBench.begin, for: .minutes(7), lateBy: .minutes(4))
            portal.fill(.alerts, perSecond: 1, from: PortalBench.begin, for: .minutes(7), lateBy: .minutes(4))
            let settings = SourceText(
                streams:
                    "{ activities: { start: 1s, look_back: 4m, sweep: 2m }, "
                    + "alerts: { start: 1s, sweep: 4m } }",
                poll: "15s"
            )
            try await bench.run(settings) { run in
                try await run.pass(.minutes(7))
                let inTime = try await run.spool.progress(.activities)
                let lag = bench.now.since(try #require(inTime.sweptTo))
                try await run.pass(.minutes(7))

                #expect(lag < .minutes(7))
                #expect(portal.requests.busiestMinute <= 20)
                #expect(portal.requests.requests.allSatisfy { $0.status == 200 })
                #expect(try await run.spool.ids(.activities).count == 42_000)
                #expect(try await run.holdsTheTruth())
            }
        }
    }

    @Test(
        "with pages of 500, sweeps lag visibly, polls keep up, and nothing is lost once the sweeps catch up"
    )
    func smallPages() async throws {
        try await PortalBench.with(portal()) { bench in
            let portal = bench.portal
            portal.fill(perSecond: 100, from: PortalBench.begin, for: .minutes(6), lateBy: .minutes(1))
            let settings = SourceText(
                streams: "{ activities: { start: 1s, look_back: 1m, sweep: 1m, page_limit: 500 } }",
                poll: "15s"
            )
            try await bench.run(settings) { run in
                try await run.pass(.minutes(6))
                let atNoon = try await run.spool.progress(.activities)
                let lag = bench.now.since(try #require(atNoon.sweptTo))
                let newest = try #require(try await run.spool.state(.activities)?.newest)
                let polled = bench.now.since(newest)
                let caughtUp = try await run.pass(atMost: .minutes(20)) {
                    let sweptTo = try await run.spool.progress(.activities).sweptTo
                    return bench.now.since(try #require(sweptTo)) < .minutes(3)
                }

                #expect(lag > .minutes(3))
                #expect(polled < .minutes(4))
                #expect(caughtUp)
                #expect(portal.requests.busiestMinute <= 20)
                #expect(try await run.spool.ids(.activities).count == 36_000)
                #expect(try await run.holdsTheTruth([.activities]))
            }
        }
    }

    @Test("sweeps that lag by more than an hour raise a notification, which clears when they have caught up")
    func notifiedLag() async throws {
        var configuration = portal()
        // The same ratio as 100 per second with pages of 500, with fewer records.
        configuration.limits.scanMinimum = 1
        configuration.limits.scanMaximum = 10
        try await PortalBench.with(configuration) { bench in
            bench.portal.fill(perSecond: 2, from: PortalBench.begin, for: .minutes(75), lateBy: .minutes(10))
            let settings = SourceText(streams: "{ activities: { start: 1s, page_limit: 500 } }", poll: "15s")
            let lookBacks = [StreamName(source: "contoso", stream: "activities"): Duration.minutes(10)]
            let rules = NotificationRules(maxSize: 1 << 40, lookBacks: lookBacks)
            func codes(_ run: FetchRun) async throws -> [String] {
                let status = try await run.spool.status()
                let wal = try await run.spool.walReport(at: bench.time.wall())
                return rules.wanted(status, wal: wal, pause: nil, at: bench.time.wall()).map(\.code)
            }
            let early = try await bench.run(settings) { run in
                try await run.pass(.minutes(20))
                return try await codes(run)
            }
            bench.moveClocks(by: .minutes(50))
            try await bench.run(settings) { run in
                try await run.pass(.minutes(7))
                let late = try await codes(run)
                let caughtUp = try await run.pass(inStepsOf: .minutes(5), atMost: .hours(4)) {
                    let sweptTo = try await run.spool.progress(.activities).sweptTo
                    return try #require(sweptTo) > PortalBench.begin + .minutes(87)
                }

                #expect(!early.contains("Sweep lags"))
                #expect(late.contains("Sweep lags"))
                #expect(caughtUp)
                #expect(try await !codes(run).contains("Sweep lags"))
                #expect(bench.portal.requests.busiestMinute <= 20)
                #expect(try await run.holdsTheTruth([.activities]))
            }
        }
    }
}
