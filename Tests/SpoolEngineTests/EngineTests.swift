import SpoolCore
import SpoolSimulator
import SpoolStore
import Testing

@testable import SpoolEngineTestSupport

@Suite("The engine", .timeLimit(.minutes(5)))
struct EngineTests {
    /// The loops of retention and notifications sleep in addition to the fetch loops.
    private static let others = 2

    private func keys(_ portal: Simulator, streams: String, more: String = "") -> String {
        "url: \"\(portal.url)\", poll: 1m, auth: { token: \"${TOKEN}\" }, streams: \(streams)\(more)"
    }

    @Test("a token rotated by a reload resolves the fault, and nothing is lost")
    func rotation() async throws {
        try await PortalBench.with { bench in
            let portal = bench.portal
            portal.fill(perSecond: 0.2, from: PortalBench.begin, for: .minutes(30))
            let yaml = EngineRun.yaml([("contoso", keys(portal, streams: "{ activities: {} }"))])
            try await EngineRun.with(bench, yaml, loops: 1 + Self.others) { daemon in
                try await daemon.run.pass(.minutes(10))
                portal.setCredentials(Credentials(tokens: ["rotated"]))
                try await daemon.run.pass(.minutes(10))
                let trouble = try await daemon.spool.state(.activities)?.state
                let told = try await daemon.spool.status().notifications.map(\.code)

                try await daemon.reload(yaml, environment: ["TOKEN": "rotated"])
                try await daemon.run.pass(.minutes(12))

                #expect(trouble == "invalid token")
                #expect(told == ["Invalid token"])
                #expect(try await daemon.spool.state(.activities)?.state == "connected")
                #expect(try await daemon.spool.status().notifications.isEmpty)
                #expect(try await daemon.spool.ids(.activities).count == 360)
            }
        }
    }

    @Test("filters changed by a reload: time read with the old ones is a gap, and later time is not")
    func filters() async throws {
        var configuration = PortalBench.quiet(history: 600)
        configuration.throttle = Throttle(requestsPerMinute: 100)
        try await PortalBench.with(configuration) { bench in
            let all = EngineRun.yaml([("contoso", keys(bench.portal, streams: "{ activities: {} }"))])
            let filter = "{ activity.eventType: { eq: [EVENT_CATEGORY_LOGIN] } }"
            let some = EngineRun.yaml([
                ("contoso", keys(bench.portal, streams: "{ activities: { filters: \(filter) } }"))
            ])
            try await EngineRun.with(bench, all, loops: 1 + Self.others) { daemon in
                // While the backlog is being read: 600 records are at least 12 pages.
                try await bench.portal.waitUntil { $0.total >= 4 }
                try await daemon.reload(some, environment: ["TOKEN": Credentials.defaultToken])
                try await daemon.run.pass(.minutes(5))
                let gaps = try await daemon.spool.rows("SELECT * FROM gaps WHERE state = 'unproved'")
                let hashes = try await daemon.spool.number(
                    "SELECT count(DISTINCT filter_hash) FROM fetch_window WHERE reason = 'poll'"
                )

                #expect(hashes == 2)
                #expect(gaps.count == 1)

                // After the change back, the time read with the narrower filters is a gap under the old ones.
                try await daemon.reload(all, environment: ["TOKEN": Credentials.defaultToken])
                try await daemon.run.pass(.minutes(5))
                let now = try await daemon.spool.rows("SELECT * FROM gaps WHERE state = 'unproved'")
                #expect(now.count == 1)
            }
        }
    }

    @Test(
        "a local clock that is a year behind skips nothing, is reported, and does not affect retention"
    )
    func slowClock() async throws {
        try await PortalBench.with(wallAhead: .days(-365)) { bench in
            bench.portal.fill(perSecond: 1.0 / 3_600, from: PortalBench.begin - .days(2), for: .days(2))
            let streams = "{ activities: { start: 3d } }"
            let yaml = EngineRun.yaml([("contoso", keys(bench.portal, streams: streams))], retention: "3d")
            try await EngineRun.with(bench, yaml, loops: 1 + Self.others) { daemon in
                try await daemon.run.pass(.hours(1))
                let fetched = try await daemon.spool.ids(.activities).count
                let start = try #require(try await daemon.spool.state(.activities)?.start)
                let requests = bench.portal.requests.total
                bench.moveClocks(by: .days(2))
                try await daemon.run.pass(.minutes(30))

                #expect(fetched == 48)
                #expect(start > PortalBench.begin - .days(4))
                #expect(requests < 200)
                #expect((22...30).contains(try await daemon.spool.ids(.activities).count))
                let state = try await daemon.spool.texts("SELECT state FROM stream WHERE kind = 1")
                #expect(state == ["clocks differ"])
            }
        }
    }

    @Test("retention uses the portal's time, not a local clock that is a year ahead")
    func retention() async throws {
        try await PortalBench.with(wallAhead: .days(365)) { bench in
            bench.portal.fill(perSecond: 1.0 / 3_600, from: PortalBench.begin - .days(2), for: .days(2))
            let streams = "{ activities: { start: 3d } }"
            let yaml = EngineRun.yaml([("contoso", keys(bench.portal, streams: streams))], retention: "3d")
            try await EngineRun.with(bench, yaml, loops: 1 + Self.others) { daemon in
                try await daemon.run.pass(.hours(1))
                let kept = try await daemon.spool.ids(.activities).count
                bench.moveClocks(by: .days(2))
                try await daemon.run.pass(.minutes(30))

                #expect(kept == 48)
                // One event remains for each hour of the last day before the start.
                #expect((22...24).contains(try await daemon.spool.ids(.activities).count))
                let prunedTo = try #require(try await daemon.spool.state(.activities)?.prunedTo)
                #expect(prunedTo <= bench.now - .days(3))
                #expect(prunedTo > bench.now - .days(3) - .hours(2))
            }
        }
    }

    @Test("two sources on one tenant share its budget, and both are read")
    func sharedBudget() async throws {
        try await PortalBench.with(PortalBench.quiet(history: 900)) { bench in
            let streams = "{ activities: { start: 2d }, alerts: { start: 2d } }"
            let yaml = EngineRun.yaml([
                ("contoso", keys(bench.portal, streams: streams)),
                ("fabrikam", keys(bench.portal, streams: streams)),
            ])
            try await EngineRun.with(bench, yaml, loops: 4 + Self.others) { daemon in
                try await daemon.run.pass(.minutes(15))

                let sql = "SELECT t.inserted FROM stream t WHERE t.kind = 1"
                #expect(try await daemon.spool.texts(sql) == ["900", "900"])
                #expect(bench.portal.requests.busiestMinute <= 20)
            }
        }
    }
}
