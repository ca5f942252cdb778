import SpoolConfig
import SpoolCore
import Testing

@Suite("The daemon's own settings")
struct DaemonSettingsTests {
    private func read(_ text: String, environment: [String: String] = [:]) throws -> DaemonSettings {
        let file = try ConfigurationFile.parse(
            text: text,
            path: "spool.yaml",
            secrets: SystemSecrets(environment: environment)
        )
        return try file.settings { DaemonSettings($0, $1) }
    }

    private func problems(_ text: String, environment: [String: String] = [:]) throws -> [String] {
        do {
            _ = try read(text, environment: environment)
            return []
        } catch let fault as ConfigurationFault {
            return fault.problems.map(\.description)
        }
    }

    private static let lists = "sources: [{ name: contoso }]\nsinks: []\n"

    @Test("absent settings have their defaults")
    func defaults() throws {
        let settings = try read(Self.lists)

        #expect(settings.spool.path == "/var/lib/spool/spool.db")
        #expect(settings.spool.retentionAge == .days(30))
        #expect(settings.spool.maxSize == 20 << 30)
        #expect(settings.status.listen?.description == "127.0.0.1:9470")
    }

    @Test("given settings are read")
    func values() throws {
        let settings = try read(
            """
            spool: { path: /srv/spool.db, retention: { age: 90d, max_size: 512MiB } }
            status: { listen: "[::1]:9000" }
            sources:
              - { name: contoso, type: defender-cloud-apps, url: x }
              - { name: fabrikam, type: defender-cloud-apps }
            sinks:
              - { name: siem, type: syslog }
            """
        )

        #expect(settings.spool.path == "/srv/spool.db")
        #expect(settings.spool.retentionAge == .days(90))
        #expect(settings.spool.maxSize == 512 << 20)
        #expect(settings.status.listen?.host == "::1")
        #expect(settings.status.listen?.port == 9_000)
        #expect(settings.sources.map(\.name) == ["contoso", "fabrikam"])
        #expect(settings.sources.map(\.type) == ["defender-cloud-apps", "defender-cloud-apps"])
        #expect(settings.sinks.map(\.name) == ["siem"])
        #expect(settings.sources.map(\.node.line) == [4, 5])
    }

    @Test("the status server can be disabled")
    func noStatus() throws {
        #expect(try read(Self.lists + "status: { listen: none }\n").status.listen == nil)
    }

    @Test("all problems are reported together, each with its position")
    func allAtOnce() throws {
        let found = try problems(
            """
            spool: { path: [], retention: { age: 1y, max_size: lots, ag: 1d } }
            status: { listen: 0.0.0.0:9470, lisen: x }
            sorces: []
            sources: []
            sinks:
              - { name: SIEM }
              - { name: siem }
              - { name: siem }
              - { type: syslog }
            """
        )

        #expect(
            found == [
                "1:16: expected a single value, found a list",
                "1:38: expected a duration from 1h to 3650d, such as `15s`, `10m` or `2d`, found `1y`",
                "1:52: expected a size from 1MiB to 1024TiB, such as `512MiB` or `20GiB`, found `lots`",
                "1:58: unknown key `ag`; did you mean `age`?",
                "2:19: anyone who can reach `0.0.0.0:9470` could read the status: listen on 127.0.0.1, or "
                    + "require a token with `token: file:/path`, `credential:NAME` or `${NAME}`",
                "2:33: unknown key `lisen`; did you mean `listen`?",
                "3:1: unknown key `sorces`; did you mean `sources`?",
                "4:10: there must be at least one source",
                "7:13: the name `siem` differs only in case from `SIEM` on line 6",
                "8:13: the name `siem` is already used on line 7",
            ]
        )
    }

    @Test("a former name claimed by two sinks is refused, and so is a name that is too long or malformed")
    func formerNames() throws {
        let long = String(repeating: "n", count: 65)
        let found = try problems(
            """
            sources: [{ name: tenant }]
            sinks:
              - { name: one, renamed_from: old }
              - { name: two, renamed_from: old }
              - { name: \(long) }
              - { name: a b }
            """
        )

        #expect(
            found == [
                "4:32: `renamed_from: old` is already used on line 3; only one can have been named `old`",
                "5:13: a name has at most 64 characters, found 65",
                "6:13: a name consists of letters, digits, `-`, `_` and `.`, and begins with a letter or "
                    + "digit; found `a b`",
            ]
        )
    }

    @Test("a file without sources or sinks is refused")
    func missingLists() throws {
        #expect(try problems("spool: ~\n") == ["1:1: `sinks` is missing", "1:1: `sources` is missing"])
        #expect(try problems("") == ["1:1: `sinks` is missing", "1:1: `sources` is missing"])
    }

    @Test("a file that is not a group of keys is refused", arguments: ["- a\n", "text\n"])
    func noGroup(text: String) throws {
        #expect(try problems(text).count == 1)
    }

    @Test("a spool's path must be the path of a file", arguments: ["/", "/var/lib/spool/", "\"\""])
    func badPath(path: String) throws {
        #expect(try problems(Self.lists + "spool: { path: \(path) }\n").count == 1)
    }

    @Test(
        "a listening address is an IP address or localhost, with a port",
        arguments: [
            ("127.0.0.1:9470", true), ("127.1.2.3:0", true), ("[::1]:65535", true), ("localhost:1", true),
            ("0.0.0.0:9470", false), ("[::]:9470", false), ("192.0.2.7:80", false),
        ]
    )
    func addresses(text: String, isLoopback: Bool) throws {
        let address = try #require(ListenAddress(text))

        #expect(address.description == text)
        #expect(address.isLoopback == isLoopback)
    }

    @Test(
        "any other form of address is refused",
        arguments: [
            "", "9470", ":9470", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "::1:9470",
            "[::1]",
            "host.example:9470", "127.1:80", "[127.0.0.1]:80", "127.0.0.1:٣", "127.evil.example:80",
        ]
    )
    func badAddresses(text: String) {
        #expect(ListenAddress(text) == nil)
    }

    @Test("an address that is not loopback needs a token")
    func remote() throws {
        let text = Self.lists + "status: { listen: 0.0.0.0:9470, token: \"${STATUS_TOKEN}\" }\n"
        let token = "0123456789abcdef"

        let settings = try read(text, environment: ["STATUS_TOKEN": token])

        #expect(settings.status.listen?.description == "0.0.0.0:9470")
        #expect(settings.status.token?.reveal() == token)
    }

    @Test(
        "a token that is written in the file, missing or too short is refused",
        arguments: [
            ("0123456789abcdef", "secrets must not be written into this file"),
            ("\"${STATUS_TOKEN}\"", "the environment variable `STATUS_TOKEN` is not set"),
            ("\"${SHORT}\"", "the token is shorter than 16 characters"),
        ]
    )
    func token(reference: String, problem: String) throws {
        let text = Self.lists + "status: { listen: 0.0.0.0:9470, token: \(reference) }\n"

        let found = try problems(text, environment: ["SHORT": "0123456789abcde"])

        #expect(found.count == 1)
        #expect(found.first?.hasPrefix("3:40: \(problem)") == true, "\(found)")
    }
}
