import SpoolConfig
import SpoolCore
import Testing

@Suite("The group `notifications`")
struct NotificationSettingsTests {
    private func read(_ group: String) throws -> NotificationSettings {
        let file = try ConfigurationFile.parse(
            text: "sources: [{ name: contoso }]\nsinks: []\nnotifications:\n\(group)\n",
            path: "spool.yaml",
            secrets: SystemSecrets(environment: [:])
        )
        return try file.settings { DaemonSettings($0, $1) }.notifications
    }

    private func problems(_ group: String) throws -> [String] {
        do {
            _ = try read(group)
            return []
        } catch let fault as ConfigurationFault {
            return fault.problems.map(\.description)
        }
    }

    @Test("the defaults are the retired agent's thresholds, and errors never stop the daemon")
    func defaults() throws {
        let settings = try read("  {}")

        #expect(settings == NotificationSettings())
        #expect(settings.connectionErrorAfter == .hours(2))
        #expect(settings.disconnectedAfter == .hours(12))
        #expect(settings.silentAfter == .days(3))
        #expect(settings.gapAfter == .minutes(5))
        #expect(settings.tooManyCriticalErrors == nil)
    }

    @Test("given settings are read, and `never` where it is allowed")
    func values() throws {
        let settings = try read(
            """
              connection_error_after: 30m
              disconnected_after: 1d
              silent_after: never
              gap_after: 90s
              too_many_critical_errors: 50
            """
        )

        #expect(settings.connectionErrorAfter == .minutes(30))
        #expect(settings.disconnectedAfter == .days(1))
        #expect(settings.silentAfter == nil)
        #expect(settings.gapAfter == .seconds(90))
        #expect(settings.tooManyCriticalErrors == 50)
        #expect(try read("  too_many_critical_errors: never").tooManyCriticalErrors == nil)
    }

    @Test(
        "problems are reported with their position",
        arguments: [
            ("  conection_error_after: 2h", "4:3: unknown key `conection_error_after`; did you mean"),
            ("  silent_after: soon", "4:17: expected a duration"),
            ("  too_many_critical_errors: 0", "4:29: expected a whole number from 1"),
            ("  disconnected_after: 1h", "4:23: `disconnected_after` (1h) must not be shorter than"),
            ("  connection_error_after: 13h", "4:27: `disconnected_after` (12h) must not be shorter than"),
            ("  - 2h", "4:3: expected a group of keys"),
        ]
    )
    func places(_ group: String, _ expected: String) throws {
        let found = try problems(group)

        #expect(found.count == 1)
        #expect(found.first?.contains(expected) == true, "\(found)")
    }
}
