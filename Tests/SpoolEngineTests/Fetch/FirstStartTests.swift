import SpoolCore
import SpoolSimulator
import SpoolStore
import Testing

@testable import SpoolEngineTestSupport

@Suite("The first start", .timeLimit(.minutes(5)))
struct FirstStartTests {
    /// One record per hour for 70 days.
    private func fill(_ portal: Simulator) {
        portal.fill(perSecond: 1.0 / 3_600, from: PortalBench.begin - .days(70), for: .days(70))
    }

    private func settings(_ start: String) -> SourceText {
        SourceText(streams: "{ activities: { start: \(start) } }")
    }

    @Test("`2d` is converted into a time once, and a later start does not convert it again")
    func age() async throws {
        try await PortalBench.with { bench in
            fill(bench.portal)
            try await bench.run(settings("2d")) { run in try await run.pass(.minutes(1)) }
            bench.moveClocks(by: .days(5))
            try await bench.run(settings("2d")) { run in
                try await run.pass(.minutes(1))

                let progress = try await run.spool.progress(.activities)
                #expect(progress.start == PortalBench.begin - .days(2))
                #expect(try await run.spool.ids(.activities).count == 48)
            }
        }
    }

    @Test("a date is the start of the stream")
    func date() async throws {
        try await PortalBench.with { bench in
            fill(bench.portal)
            let start = PortalBench.begin - .days(10)
            try await bench.run(settings("\"\(start)\"")) { run in
                try await run.pass(.minutes(1))

                #expect(try await run.spool.progress(.activities).start == start)
                #expect(try await run.spool.ids(.activities).count == 240)
            }
        }
    }

    @Test("time older than 30 days is read in windows of at most seven days")
    func oldWindows() async throws {
        var configuration = PortalBench.quiet()
        configuration.oldWindows = .limitedToAWeek
        try await PortalBench.with(configuration) { bench in
            fill(bench.portal)
            try await bench.run(settings("60d")) { run in
                try await run.pass(.minutes(30))

                #expect(bench.portal.requests.requests.allSatisfy { $0.status == 200 })
                #expect(try await run.spool.ids(.activities).count == 1_440)
                #expect(try await run.spool.rows("SELECT * FROM gaps WHERE state = 'unproved'").isEmpty)
                let old = "reason = 'poll' AND to_ms - from_ms > \(Duration.days(7).milliseconds)"
                #expect(try await run.spool.number("SELECT count(*) FROM fetch_window WHERE \(old)") == 0)
            }
        }
    }

    @Test("old windows with empty responses are unproved, and `gaps` shows them")
    func silentlyEmpty() async throws {
        var configuration = PortalBench.quiet()
        configuration.oldWindows = .silentlyEmpty
        try await PortalBench.with(configuration) { bench in
            fill(bench.portal)
            try await bench.run(settings("60d")) { run in
                try await run.pass(.minutes(30))

                #expect(try await run.spool.ids(.activities).count >= 720)
                let unproved = "SELECT count(*) FROM fetch_window WHERE state = 'unproved'"
                #expect(try await run.spool.number(unproved) >= 4)
                let gaps = try await run.spool.rows(
                    "SELECT from_ms, to_ms FROM gaps WHERE state = 'unproved'"
                )
                #expect(gaps.count == 1)
                let start = (PortalBench.begin - .days(60)).milliseconds
                #expect(gaps.first?.first == .integer(start))
            }
        }
    }
}
