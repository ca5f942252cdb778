import SpoolCore
import SpoolSimulator
import SpoolStore
import Testing

@testable import SpoolEngineTestSupport

@Suite("The daemon's audit", .timeLimit(.minutes(5)))
struct AuditTests {
    @Test(
        "fetches records that appeared later than any look-back, and notifies until it finds nothing"
    )
    func late() async throws {
        try await PortalBench.with { bench in
            let portal = bench.portal
            portal.fill(perSecond: 0.02, from: PortalBench.begin - .hours(3), for: .hours(3))
            let yaml = EngineRun.yaml(
                [
                    (
                        "contoso",
                        "url: \"\(portal.url)\", poll: 5m, requests_per_minute: 1000, "
                            + "auth: { token: \"${TOKEN}\" }, streams: { activities: { look_back: 10m } }"
                    )
                ],
                audit: "{ every: 2h, window: 1d }"
            )
            // The loops of fetching, retention, notifications and audits.
            try await EngineRun.with(bench, yaml, loops: 4) { daemon in
                try await daemon.run.pass(.minutes(20))
                let saved = (PortalBench.begin - .hours(2)).milliseconds
                portal.insert(SimulatedRecord(id: "late", created: saved), into: .activities)
                try await daemon.run.pass(.minutes(30))
                let before = try await daemon.spool.ids(.activities).contains("late")
                // An audit that found something waits for a sweep.
                var waiting = daemon.run
                waiting.sleepers = 3
                _ = try await waiting.pass(inStepsOf: .minutes(1), atMost: .minutes(40)) {
                    try await daemon.spool.ids(.activities).contains("late")
                }
                try await daemon.run.pass(.minutes(1))
                let after = try await daemon.spool.ids(.activities).contains("late")
                let told = try await daemon.spool.status().notifications.map(\.code)
                let found = try await daemon.spool.lastProof(.audit)
                let names = try await daemon.spool.missing(of: found?.id ?? 0).map(\.id)
                try await daemon.run.pass(.minutes(125))
                let next = try await daemon.spool.lastProof(.audit)

                #expect(!before && after)
                #expect(told.contains("Proof found missing events"))
                #expect(found?.missing == 1 && found?.streams.first?.fetched == 1)
                #expect(names == ["late"])
                #expect(next?.id != found?.id && next?.missing == 0 && next?.shortfalls == [.noSink])
                #expect(try await daemon.spool.status().notifications.isEmpty)
            }
        }
    }
}
