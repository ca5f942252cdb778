import SpoolCore
import SpoolSimulator
import SpoolTestSupport
import Testing

@testable import SpoolEngineTestSupport
@testable import SpoolEngine

/// Sources on one tenant.
@Suite("The request budget that sources share", .timeLimit(.minutes(5)))
struct SharedBudgetTests {
    private func yaml(_ portal: Simulator, _ first: Int, _ second: Int) -> String {
        func keys(_ perMinute: Int, _ streams: String) -> String {
            "url: \"\(portal.url)\", poll: 1s, requests_per_minute: \(perMinute), "
                + "auth: { token: \"${TOKEN}\" }, "
                + "streams: \(streams)"
        }
        return EngineRun.yaml([
            ("contoso", keys(first, "{ activities: {} }")),
            ("second", keys(second, "{ activities: {}, alerts: {} }")),
        ])
    }

    @Test("is the smaller of their values, also after a reload that changes one")
    func smaller() async throws {
        try await PortalBench.with { bench in
            try await EngineRun.with(bench, yaml(bench.portal, 10, 20), loops: 5) { daemon in
                try await daemon.run.pass(.minutes(5))
                let first = bench.portal.requests.busiestMinute

                try await daemon.reload(
                    yaml(bench.portal, 16, 20),
                    environment: ["TOKEN": Credentials.defaultToken]
                )
                try await daemon.run.pass(.minutes(5))

                #expect(first == 10)
                #expect(bench.portal.requests.busiestMinute == 16)
            }
        }
    }

    @Test("is reported with the position of the source that is configured for more")
    func warning() async throws {
        try await PortalBench.with { bench in
            let path = try bench.folder.write(yaml(bench.portal, 10, 20), to: "spool.yaml")

            let composition = try Composition.read(
                path: path,
                environment: ["TOKEN": Credentials.defaultToken],
                hostName: "host"
            )

            #expect(composition.warnings.count == 1)
            let warning = try #require(composition.warnings.first)
            let words = /spool\.yaml:5:\d+: source second is configured for 20 .* contoso .* for 10/
            #expect(warning.contains(words))
        }
    }
}
