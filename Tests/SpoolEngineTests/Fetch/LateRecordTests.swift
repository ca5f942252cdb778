import SpoolCore
import SpoolSimulator
import SpoolStore
import Testing

@testable import SpoolEngineTestSupport

@Suite("Records that appear late", .timeLimit(.minutes(5)))
struct LateRecordTests {
    @Test("an alert from before a pause of three days that appeared during the pause is still fetched")
    func pause() async throws {
        try await PortalBench.with { bench in
            let dated = PortalBench.begin - .hours(1)
            bench.portal.insert(
                SimulatedRecord(
                    id: "late",
                    created: dated.milliseconds,
                    visibleAt: (dated + .hours(15)).milliseconds
                ),
                into: .alerts
            )
            let before = try await bench.run { run in
                try await run.pass(.minutes(30))
                return try await run.spool.ids(.alerts)
            }
            bench.moveClocks(by: .days(3))

            let after = try await bench.run { run in
                try await run.pass(.minutes(2))
                return try await run.spool.ids(.alerts)
            }

            #expect(before == [])
            #expect(after == ["late"])
        }
    }

    @Test(
        "activities from 26 hours before, and alerts that appear 15 hours after their date, arrive in time"
    )
    func lateArrivals() async throws {
        try await PortalBench.with { bench in
            for hour in 0..<8 {
                let time = PortalBench.begin + .hours(hour) + .minutes(7)
                bench.portal.insert(
                    SimulatedRecord(
                        id: "activity-\(hour)",
                        created: time.milliseconds,
                        timestamp: (time - .hours(26)).milliseconds
                    ),
                    into: .activities
                )
                bench.portal.insert(
                    SimulatedRecord(
                        id: "alert-\(hour)",
                        created: time.milliseconds,
                        visibleAt: (time + .hours(15)).milliseconds
                    ),
                    into: .alerts
                )
            }
            var settings = SourceText()
            settings.poll = "10m"
            try await bench.run(settings) { run in
                try await run.pass(.hours(9))
                let activities = try await run.spool.ids(.activities)
                // A sweep begins every ten minutes.
                try await run.pass(.hours(14))

                #expect(activities.count == 8)
                #expect(try await run.spool.ids(.alerts).count == 8)
                let age = "occurred_ms = created_ms - \(Duration.hours(26).milliseconds)"
                #expect(try await run.spool.number("SELECT count(*) FROM event WHERE \(age)") == 8)
            }
        }
    }
}
