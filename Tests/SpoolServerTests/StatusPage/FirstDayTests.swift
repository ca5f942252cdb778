import SpoolCore
import SpoolPipeline
import SpoolSimulator
import SpoolStore
import Testing

@testable import SpoolEngine
@testable import SpoolEngineTestSupport
@testable import SpoolServer

@Suite("The day of a fresh spool")
struct FirstDayTests {
    @Test("shows the events fetched at the start: as many as the spool counts")
    func start() async throws {
        try await PortalBench.with(PortalBench.quiet(history: 600)) { bench in
            let keys =
                "url: \"\(bench.portal.url)\", poll: 1m, auth: { token: \"${TOKEN}\" }, streams: { activities: {} }"
            // The fetcher, retention and the notification loop sleep.
            try await EngineRun.with(bench, EngineRun.yaml([("contoso", keys)]), loops: 3) { daemon in
                try await daemon.run.pass(.minutes(5))
                let now = bench.time.wall()
                let wanted = DayFigures.wanted(now)
                let history = try await daemon.spool.history(
                    from: wanted.from,
                    step: wanted.step,
                    count: wanted.count
                )
                let day = DayFigures(history, try await daemon.spool.status(), gaps: [:], now: now)
                let spooled = try await daemon.spool.number("SELECT count(*) FROM event")

                #expect(spooled > 100)
                #expect(day.fetched.compactMap { $0 }.reduce(0, +) == spooled)
            }
        }
    }
}
