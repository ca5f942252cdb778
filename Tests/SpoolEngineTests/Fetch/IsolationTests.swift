import SpoolCore
import SpoolSimulator
import SpoolStore
import Testing

@testable import SpoolEngineTestSupport

@Suite("A stream that fails or stalls", .timeLimit(.minutes(5)))
struct IsolationTests {
    @Test("alerts forbidden: a state of that stream, while activities arrive in time")
    func forbidden() async throws {
        try await PortalBench.with { bench in
            var credentials = Credentials()
            credentials.permissions = [.activities]
            bench.portal.setCredentials(credentials)
            bench.portal.fill(perSecond: 1, from: PortalBench.begin, for: .minutes(20))
            try await bench.run { run in
                try await run.pass(.minutes(22))

                #expect(try await run.spool.ids(.activities).count == 1_200)
                #expect(try await run.spool.state(.alerts)?.state == "forbidden")
                #expect(try await run.spool.state(.activities)?.state == "connected")
                // At most one probe every five minutes, half of which is jitter.
                #expect(bench.portal.requests.requests(for: .alerts).count < 12)
            }
        }
    }

    @Test(
        "activities always answered with 500: alerts arrive in time, and activities are requested less often"
    )
    func serverError() async throws {
        try await PortalBench.with { bench in
            bench.portal.addFault(.status(500), on: [.activities], .always)
            bench.portal.fill(.alerts, perSecond: 0.1, from: PortalBench.begin, for: .hours(1))
            try await bench.run { run in
                try await run.pass(.minutes(62))

                #expect(try await run.spool.ids(.alerts).count == 360)
                #expect(try await run.spool.state(.activities)?.state == "unusable answers")
                let asked = bench.portal.requests.requests(for: .activities).count
                #expect((60...200).contains(asked))
            }
        }
    }

    @Test("a response that stalls in its body delays neither other streams nor a shutdown")
    func stall() async throws {
        try await PortalBench.with { bench in
            bench.portal.addFault(.stall(seconds: 3_600), on: [.activities], .always)
            bench.portal.fill(perSecond: 1, from: PortalBench.begin - .hours(1), for: .hours(1))
            bench.portal.fill(.alerts, perSecond: 0.1, from: PortalBench.begin, for: .hours(1))
            var settings = SourceText()
            settings.deadline = .hours(1)
            try await bench.run(settings) { run in
                var run = run
                run.sleepers = 1
                try await bench.portal.waitUntil { !$0.requests(for: .activities).isEmpty }
                try await run.pass(.minutes(62))

                #expect(try await run.spool.ids(.alerts).count == 360)
                #expect(bench.portal.requests.requests(for: .activities).count == 1)
            }
        }
    }

    @Test("a 429 for one stream pauses the tenant for the requested time, and loses nothing")
    func throttled() async throws {
        try await PortalBench.with { bench in
            bench.portal.fill(perSecond: 1, from: PortalBench.begin, for: .minutes(10))
            try await bench.run { run in
                try await run.pass(.minutes(5))
                bench.portal.addFault(.throttled(.seconds(120)), on: [.alerts], .next(1))
                try await run.pass(.minutes(15))

                let log = bench.portal.requests.requests
                let refused = try #require(log.first { $0.status == 429 }).atMs
                // A request from the same moment was already in flight.
                #expect(!log.contains { $0.atMs > refused && $0.atMs < refused + 120_000 })
                #expect(try await run.holdsTheTruth())
            }
        }
    }
}
