import Foundation
import SpoolConfig
import SpoolCore
import SpoolTestSupport
import Testing

@Suite("Deployed files")
struct DeploymentTests {
    private static let project = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    private func text(_ path: String) throws -> String {
        try String(contentsOf: Self.project.appendingPathComponent(path), encoding: .utf8)
    }

    private func settings(_ text: String) throws -> DaemonSettings {
        try ConfigurationFile.parse(text: text, path: "spool.yaml", secrets: SystemSecrets(environment: [:]))
            .settings { DaemonSettings($0, $1) }
    }

    @Test("the installed configuration parses, and its values are the defaults")
    func configuration() throws {
        let settings = try settings(text("deploy/spool.yaml"))

        #expect(settings.spool == SpoolSettings())
        #expect(settings.status == StatusSettings())
        #expect(settings.notifications == NotificationSettings())
        #expect(settings.sources.map(\.type) == ["defender-cloud-apps"])
        #expect(settings.sinks.map(\.type) == ["syslog"])
    }

    @Test("with every commented setting enabled it parses as well")
    func commentedSettings() throws {
        let lines = try text("deploy/spool.yaml").split(separator: "\n", omittingEmptySubsequences: false)
        let turnedOn = lines.map { line in
            let body = line.drop { $0 == " " }
            let isSetting = body.hasPrefix("#") && body.dropFirst().first?.isLetter == true
            return isSetting ? line.prefix(line.count - body.count) + body.dropFirst() : line
        }

        let settings = try settings(turnedOn.joined(separator: "\n"))

        #expect(settings.spool == SpoolSettings())
        #expect(settings.notifications == NotificationSettings())
        #expect(settings.sources.count == 1)
        #expect(lines != turnedOn)
    }

    @Test(
        "systemd reports no error in the unit, and rates its exposure as low",
        .enabled(if: hasSystemdAnalyze)
    )
    func unit() async throws {
        let folder = try TemporaryFolder()
        // It checks that the program exists, which is not installed where tests run.
        let unit = try text("deploy/systemd/spool.service")
            .replacingOccurrences(of: "/usr/local/bin/spool", with: "/bin/true")
        let path = try folder.write(unit, to: "spool.service")

        let verified = try await systemdAnalyze(["verify", path])
        let rated = try await systemdAnalyze(["security", "--offline=true", "--threshold=20", path])

        let said = verified.output + verified.errors
        #expect(verified.code == 0 && said.isEmpty, "\(said)")
        #expect(rated.code == 0, "\(rated.output)\(rated.errors)")
    }
}

private let hasSystemdAnalyze = FileManager.default.isExecutableFile(atPath: "/usr/bin/systemd-analyze")

private func systemdAnalyze(_ arguments: [String]) async throws -> Tool {
    try await Tool.run("systemd-analyze", arguments)
}
