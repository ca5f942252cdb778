import SpoolCore
import SpoolPipeline
import SpoolSimulator
import SpoolStore
import SpoolTestSupport
import Testing

@testable import SpoolDaemon

@Suite("A local clock that is set while the daemon runs", .timeLimit(.minutes(5)))
struct ClockStepTests {
    private static let steps: [Duration] = [
        .hours(1), .hours(-1), .days(400), .days(-400), .days(365 * 30), .days(-365 * 30),
    ]

    @Test(
        "stops neither fetching nor retention nor notifications, and is no gap in reading",
        arguments: ClockStepTests.steps,
        [UInt64(1), 2]
    )
    func goesOn(step: Duration, seed: UInt64) async throws {
        try await FetchBench.with(wallAhead: .zero) { bench in
            let portal = bench.portal
            portal.fill(perSecond: 1.0 / 600, from: FetchBench.begin - .days(1), for: .days(3))
            let yaml = EngineRun.yaml(
                [
                    (
                        "contoso",
                        "url: \"\(portal.url)\", poll: 1m, auth: { token: \"${TOKEN}\" }, "
                            + "streams: { activities: { start: 1d } }"
                    )
                ],
                retention: "1d"
            )
            var chance = SeededGenerator(seed: seed)
            try await EngineRun.with(bench, yaml, loops: 3) { daemon in
                try await daemon.run.pass(.minutes(Int.random(in: 5...30, using: &chance)))
                bench.wallStep.set(by: step)
                try await daemon.run.pass(.seconds(Int.random(in: 60...600, using: &chance)))
                let gaps = try await daemon.spool.number("SELECT count(*) FROM gap")
                portal.setCredentials(Credentials(tokens: ["another"]))
                try await daemon.run.pass(.minutes(10))
                let told = try await daemon.spool.status().notifications.map(\.code)
                portal.setCredentials(Credentials(tokens: [Credentials.defaultToken]))
                try await daemon.run.pass(.minutes(20))
                let after = try await daemon.spool.status().notifications.map(\.code)
                // What is older than a day may have been deleted.
                let recent = TruthWindow(fromMs: (bench.now - .hours(20)).milliseconds)
                let missing = portal.visibleIDs(.activities, recent)
                    .subtracting(try await daemon.spool.ids(.activities))
                bench.moveClocks(by: .days(1))
                try await daemon.run.pass(.minutes(30))

                #expect(gaps == 0)
                #expect(told.contains("Invalid token"))
                #expect(!after.contains("Invalid token"))
                #expect(missing.isEmpty)
                let prunedTo = try #require(try await daemon.spool.state(.activities)?.prunedTo)
                #expect(prunedTo > FetchBench.begin - .hours(6))
                #expect(prunedTo < bench.now - .hours(23))
                let ahead = try await daemon.spool.number(
                    "SELECT count(*) FROM stream WHERE polled_ms > \((bench.time.wall() + .minutes(5)).milliseconds)"
                )
                #expect(ahead == 0)
            }
        }
    }
}
