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

    @Test("every day over two days by default, or as written")
    func values() throws {
        let (written, problems) = try Self.read("{ every: 6h, window: 1d }")

        #expect(AuditSettings().every == .days(1) && AuditSettings().window == .days(2))
        #expect(written?.every == .hours(6) && written?.window == .days(1))
        #expect(problems.isEmpty)
    }

    @Test("a window that is no length of time is named")
    func wrong() throws {
        let (_, problems) = try Self.read("{ window: two days }")

        #expect(problems.count == 1)
    }
}
