import SpoolConfig
import SpoolCore
import SpoolDaemon
import SpoolSimulator
import SpoolTestSupport
import Testing

@testable import SpoolEngine
@testable import SpoolDoctor

@Suite("token, rights, licence and clock", .timeLimit(.minutes(5)))
struct SourceChecksTests {
    /// Runs the checks against a simulated portal, through the configured source.
    private func findings(
        _ configuration: SimulatorConfiguration = SimulatorConfiguration(),
        token: String = Credentials.defaultToken
    ) async throws -> [Finding] {
        let folder = try TemporaryFolder()
        try folder.write(token, to: "token")
        return try await Simulator.run(configuration) { simulator in
            let text = """
                spool: { path: \(folder.path)/spool.db }
                sources:
                  - name: contoso
                    type: defender-cloud-apps
                    url: \(simulator.url)
                    auth: { token: "file:\(folder.path)/token" }
                sinks: []

                """
            let path = try folder.write(text, to: "spool.yaml")
            let composition = try Composition.read(path: path, environment: [:], hostName: "host")
            let source = try #require(composition.allSources.first)
            let findings = await SourceChecks(source: source, now: localTime).run()
            await source.shutDown()
            #expect(simulator.requests.total == 2, "one request per stream")
            return findings
        }
    }

    @Test("a portal that answers both streams proves token, rights, licence and clock")
    func good() async throws {
        let findings = try await findings()

        #expect(
            findings.map(\.check) == [
                "token and rights for activities", "token and rights for alerts", "licence", "clock",
            ]
        )
        #expect(findings.allSatisfy { $0.verdict == .ok })
    }

    @Test("an invalid token is reported for both streams, without the token")
    func token() async throws {
        let wrong = String(repeating: "f", count: 64)

        let findings = try await findings(token: wrong)

        #expect(findings.map(\.verdict) == [.problem, .problem])
        #expect(findings.allSatisfy { $0.found.hasPrefix("Invalid token: ") })
        #expect(findings.allSatisfy { $0.remedy?.contains("API tokens") == true })
        #expect(!"\(findings)".contains(wrong))
    }

    @Test("rights are checked separately for activities and alerts")
    func rights() async throws {
        var configuration = SimulatorConfiguration()
        configuration.credentials.permissions = [.activities]

        let findings = try await findings(configuration)

        #expect(findings.of("token and rights for activities")?.verdict == .ok)
        #expect(findings.of("token and rights for alerts")?.verdict == .problem)
        #expect(findings.of("token and rights for alerts")?.remedy?.contains("Create a new token") == true)
    }

    @Test("a tenant without a licence is reported as such, not as a token problem")
    func licence() async throws {
        var configuration = SimulatorConfiguration()
        configuration.faults = [FaultRule(.unlicensed, on: [.activities, .alerts], .always)]

        let findings = try await findings(configuration)

        #expect(findings.map(\.check) == ["licence", "licence"])
        #expect(findings.allSatisfy { $0.verdict == .problem })
        #expect(findings.first?.found.contains("has no licence for Defender for Cloud Apps") == true)
        #expect(findings.first?.remedy?.contains("Assign one") == true)
    }

    @Test(
        "a clock difference is a warning from minutes and a problem from an hour on",
        arguments: [(-300, "slow", Finding.Verdict.warning), (7_200, "fast", .problem)]
    )
    func clock(_ seconds: Int, _ word: String, _ verdict: Finding.Verdict) async throws {
        var configuration = SimulatorConfiguration()
        // The portal's clock is right; the doctor assumes that this machine's clock is wrong.
        configuration.clock = SimulatorClock(startMs: localTime().milliseconds - Int64(seconds) * 1_000)

        let findings = try await findings(configuration)

        let clock = try #require(findings.of("clock"))
        #expect(clock.verdict == verdict)
        #expect(clock.found.hasSuffix(word))
    }
}
