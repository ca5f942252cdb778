import SpoolCore
import SpoolSimulator
import SpoolStore
import Testing

@testable import SpoolEngineTestSupport

@Suite("Tokens", .timeLimit(.minutes(5)))
struct AccessTests {
    private func portal(lifetime: Duration) -> SimulatorConfiguration {
        var configuration = PortalBench.quiet()
        var application = Credentials.defaultApplication
        application.lifetime = lifetime
        configuration.credentials = Credentials(tokens: [], application: application)
        return configuration
    }

    @Test("a bearer token with a lifetime of 60 s is renewed before it expires, for an hour, without a 401")
    func shortLife() async throws {
        try await PortalBench.with(portal(lifetime: .seconds(60))) { bench in
            bench.portal.fill(perSecond: 0.2, from: PortalBench.begin, for: .hours(1))
            var settings = SourceText(auth: SourceText.application)
            settings.poll = "30s"
            try await bench.run(settings) { run in
                try await run.pass(.minutes(61))

                let log = bench.portal.requests
                #expect(log.requests.allSatisfy { $0.status == 200 })
                #expect((60...80).contains(log.requests(for: .token).count))
                #expect(try await run.holdsTheTruth())
            }
        }
    }

    @Test("a bearer token revoked early costs one more request, and no fault is reported")
    func revoked() async throws {
        try await PortalBench.with(portal(lifetime: .hours(1))) { bench in
            bench.portal.fill(perSecond: 0.2, from: PortalBench.begin, for: .minutes(20))
            try await bench.run(SourceText(auth: SourceText.application)) { run in
                for _ in 0..<4 {
                    try await run.pass(.minutes(5))
                    bench.portal.revokeBearers()
                }
                try await run.pass(.minutes(2))

                #expect(try await run.holdsTheTruth())
                #expect(try await run.spool.state(.activities)?.state == "connected")
                #expect(try await run.spool.state(.alerts)?.state == "connected")
                let refused = bench.portal.requests.requests.count { $0.status == 401 }
                #expect((4...8).contains(refused))
            }
        }
    }

    @Test("a wrong token is probed slowly and reported, and recovers automatically when it becomes valid")
    func wrong() async throws {
        try await PortalBench.with { bench in
            bench.portal.setCredentials(Credentials(tokens: ["another"]))
            bench.portal.fill(perSecond: 0.1, from: PortalBench.begin, for: .hours(1))
            try await bench.run { run in
                try await run.pass(.minutes(60))
                let asked = bench.portal.requests.total
                let shown = try await run.spool.state(.activities)?.state
                bench.portal.setCredentials(Credentials())
                try await run.pass(.minutes(6))

                #expect(shown == "invalid token")
                #expect((20...44).contains(asked))
                #expect(try await run.spool.state(.activities)?.state == "connected")
                #expect(try await run.spool.ids(.activities).count == 360)
            }
        }
    }
}
