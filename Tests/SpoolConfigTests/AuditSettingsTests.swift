import SpoolCore
import Testing

@testable import SpoolConfig

@Suite("The audit's settings")
struct AuditSettingsTests {
    private static func read(_ text: String) throws -> (AuditSettings?, [String]) {
        let file = try ConfigurationFile.parse(
            text: text,
            path: "test.yaml",
            secrets: SystemSecrets(environment: [:])
        )
        let problems = ConfigurationProblems()
        return (AuditSettings(file.root, problems), problems.list.map(\.description))
    }

    @Test("the default is every day over two days; written values are read")
    func values() throws {
        let (written, problems) = try Self.read("{ every: 6h, window: 1d }")

        #expect(AuditSettings().every == .days(1) && AuditSettings().window == .days(2))
        #expect(written?.every == .hours(6) && written?.window == .days(1))
        #expect(problems.isEmpty)
    }

    @Test("a window that is not a duration is reported")
    func wrong() throws {
        let (_, problems) = try Self.read("{ window: two days }")

        #expect(problems.count == 1)
    }
}
