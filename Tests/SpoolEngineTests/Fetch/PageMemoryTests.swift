import SpoolCore
import SpoolSimulator
import SpoolStore
import Testing

@testable import SpoolEngineTestSupport

@Suite("The memory that all pages share", .timeLimit(.minutes(5)))
struct PageMemoryTests {
    @Test("a stream whose responses stall delays others at most until its own deadline")
    func stall() async throws {
        try await PortalBench.with { bench in
            bench.portal.addFault(.stall(seconds: 3_600), on: [.activities], .always)
            bench.portal.fill(perSecond: 1, from: PortalBench.begin - .hours(1), for: .hours(1))
            bench.portal.fill(.alerts, perSecond: 0.1, from: PortalBench.begin, for: .minutes(5))
            var settings = SourceText()
            settings.deadline = .milliseconds(200)
            settings.pagesAtOnce = 1
            try await bench.run(settings) { run in
                try await run.pass(.minutes(7))

                #expect(try await run.spool.ids(.alerts).count == 30)
                #expect(try await run.spool.state(.activities)?.state == "incomplete answers")
            }
        }
    }
}
