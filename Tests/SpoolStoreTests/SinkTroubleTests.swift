import Foundation
import SpoolCore
import Testing

@testable import SpoolStore

/// Since when a sink has been failing.
@Suite struct SinkTroubleTests {
    @Test(
        "an outage lasts from the first failure to the first success, regardless of connections meanwhile"
    )
    func connectsMeanwhile() async throws {
        let test = try TestSpool()
        let sink = try #require(try await test.register().sinks.values.first)
        func report(_ state: SinkReport.State, _ attempts: Int, at second: Int) async throws -> Timestamp? {
            try await test.spool.report(
                SinkReport(state: state, attempts: attempts, at: .t(second), cuts: attempts),
                of: sink
            )
            return try await test.spool.status().sinks[0].troubleSince
        }

        let found = [
            try await report(.connected, 0, at: 1), try await report(.retrying, 1, at: 5),
            try await report(.connected, 1, at: 6), try await report(.retrying, 2, at: 7),
        ]
        let cuts = try await test.spool.status().sinks[0].cuts
        let over = try await report(.connected, 0, at: 9)

        #expect(found == [nil, .t(5), .t(5), .t(5)])
        #expect(cuts == 2)
        #expect(over == nil)
    }

    @Test("a restart does not end a sink's outage before its first attempt")
    func restart() async throws {
        let test = try TestSpool()
        let sink = try #require(try await test.register().sinks.values.first)
        try await test.spool.report(
            SinkReport(state: .held, lastError: "no", attempts: 3, at: .t(5)),
            of: sink
        )

        _ = try await test.register()

        let status = try await test.spool.status().sinks[0]
        #expect(status.state == .held)
        #expect(status.troubleSince == .t(5))
        #expect(status.lastError == "no")
    }
}
