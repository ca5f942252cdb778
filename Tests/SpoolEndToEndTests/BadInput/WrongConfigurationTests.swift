import SpoolReceiver
import SpoolSimulator
import SpoolTestSupport
import Subprocess
import Testing

@Suite("wrong configurations", .daemons)
struct WrongConfigurationTests {
    /// One mistake in an otherwise valid configuration.
    struct Mistake: Sendable, CustomTestStringConvertible {
        let testDescription: String
        /// The text in the valid configuration, and what the operator wrote instead.
        let right: String
        let wrong: String
        /// `line:column` of the problem, and a part of its message.
        let at: String
        let says: String

        init(_ name: String, _ right: String, _ wrong: String, at: String, _ says: String) {
            testDescription = name
            self.right = right
            self.wrong = wrong
            self.at = at
            self.says = says
        }
    }

    static let right = """
        spool: { path: FOLDER/spool.db }
        sources:
          - name: tenant
            type: defender-cloud-apps
            url: PORTAL
            auth: { token: file:FOLDER/token }
            streams:
              activities: { start: 2d }
              alerts: { start: 2d }
        sinks:
          - name: siem
            type: syslog
            address: 127.0.0.1:9
            transport: tcp
            streams: [tenant/activities, tenant/alerts]
        status: { listen: none }

        """

    static let mistakes = [
        Mistake("unknown key", "transport: tcp", "transprot: tcp", at: "14:5", "did you mean `transport`?"),
        Mistake("wrong type", "spool: { path: FOLDER/spool.db }", "spool: [a]", at: "1:8", "found a list"),
        Mistake("missing key", "    address: 127.0.0.1:9\n", "", at: "11:5", "`address` is missing"),
        Mistake(
            "duplicate key",
            "transport: tcp",
            "transport: tcp\n    transport: udp",
            at: "14:5",
            "given more than once"
        ),
        Mistake("syntax error", "sinks:", "sinks: [", at: "11:3", "not valid YAML"),
        Mistake("tab", "  - name: siem", "\t- name: siem", at: "11:1", "use spaces"),
        Mistake(
            "secret in clear text",
            "file:FOLDER/token",
            "c1ear0text0secret",
            at: "6:20",
            "must not be written into this file"
        ),
        Mistake(
            "secret's file missing",
            "FOLDER/token",
            "FOLDER/nowhere",
            at: "6:20",
            "there is no such file"
        ),
        Mistake("http to elsewhere", "PORTAL", "http://portal.example", at: "5:10", "use `https://`"),
        Mistake(
            "unknown stream",
            "tenant/alerts]",
            "tenant/alarms]",
            at: "15:34",
            "did you mean `tenant/alerts`?"
        ),
        Mistake(
            "unknown filter",
            "activities: { start: 2d }",
            "activities: { filters: { activity.evenType: { eq: [X] } } }",
            at: "8:32",
            "did you mean `activity.eventType`?"
        ),
        Mistake(
            "unknown operator",
            "activities: { start: 2d }",
            "activities: { filters: { activity.eventType: { equals: [X] } } }",
            at: "8:54",
            "it supports `eq`, `neq`"
        ),
        Mistake(
            "wrong duration",
            "alerts: { start: 2d",
            "alerts: { look_back: 2 days",
            at: "9:28",
            "expected a duration"
        ),
        Mistake("wrong address", "127.0.0.1:9", "127.0.0.1:99999", at: "13:14", "expected `host:port`"),
        Mistake("unknown type", "type: syslog", "type: sylog", at: "12:11", "did you mean `syslog`?"),
        Mistake(
            "time without PRI over lines",
            "transport: tcp",
            "header: { time: rfc5424, pri: false }",
            at: "14:35",
            "use `pri: true`"
        ),
        Mistake(
            "year without system name",
            "transport: tcp",
            "header: { time: rfc3164-year, system_name: false }",
            at: "14:21",
            "use `system_name: true`"
        ),
        Mistake(
            "name used twice",
            "status:",
            "  - { name: siem, type: syslog, address: 127.0.0.1:9, streams: [tenant/alerts] }\nstatus:",
            at: "16:13",
            "already used on line 11"
        ),
        Mistake(
            "certificate without key",
            "transport: tcp",
            "transport: tls\n    tls: { cert_file: FOLDER/cert.pem }",
            at: "15:10",
            "only work together"
        ),
        Mistake(
            "authorities that cannot be read",
            "transport: tcp",
            "transport: tls\n    tls: { ca_file: FOLDER/nowhere.pem }",
            at: "15:21",
            "cannot read"
        ),
    ]

    @Test(
        "each is rejected by check and run with exit code 2, line and column, and no spool is created",
        arguments: mistakes
    )
    func refused(_ mistake: Mistake) async throws {
        try await Site.run(SimulatorConfiguration()) { site in
            #expect(Self.right.contains(mistake.right))
            try site.configure { $0.text = Self.right.replacing(mistake.right, with: mistake.wrong) }

            for command in ["check", "run"] {
                let answer = try await site.spool(command)

                #expect(answer.code == 2, "\(command): \(answer)")
                #expect(answer.errors.contains("\(site.configurationPath):\(mistake.at): "), "\(answer)")
                #expect(answer.errors.contains(mistake.says), "\(answer)")
                #expect(!answer.description.contains("c1ear0text0secret"))
                #expect(!answer.output.contains("ok"), "\(answer)")
            }
            #expect(throws: (any Error).self) { try site.folder.read("spool.db") }
            #expect(site.simulator.requests.total == 0)
        }
    }

    @Test("the valid configuration passes")
    func right() async throws {
        try await Site.run(SimulatorConfiguration()) { site in
            try site.configure { $0.text = Self.right }

            let answer = try await site.spool("check")
            #expect(answer.code == 0 && answer.output.contains(": ok ("))
        }
    }

    @Test("SIGHUP with an invalid file reports why and keeps the old one; a valid one is then applied")
    func reload() async throws {
        try await Site.run(.busy(history: 200)) { site in
            let old = try await site.receiver()
            let new = try await site.receiver()
            try site.configure { $0.sinks = [.init("siem", port: old.port)] }
            let daemon = try await site.daemon()
            try await site.fetchAll()
            try await site.drain("siem")

            try site.configure { $0.sinks = [.init("siem", port: new.port, ["transprot": "tcp"])] }
            try daemon.send(.terminalClosed)
            try await daemon.waitUntil("logs that it keeps the old one") { lines in
                lines.contains {
                    $0.isLog("reload failed, previous configuration kept") && $0.contains("transprot")
                }
            }
            site.simulator.insert(
                .init(id: "to-the-old", created: site.simulator.clock.nowMs),
                into: .activities
            )
            try await eventually("the old one has it") { old.ids["to-the-old"] == 1 }

            try site.configure { $0.sinks = [.init("siem", port: new.port)] }
            try daemon.send(.terminalClosed)
            try await daemon.waitUntil("has reloaded") { $0.contains { $0.isLog("configuration reloaded") } }
            site.simulator.insert(
                .init(id: "to-the-new", created: site.simulator.clock.nowMs),
                into: .activities
            )
            try await eventually("the new one has it") { new.ids["to-the-new"] == 1 }

            #expect(old.ids["to-the-new"] == nil)
            #expect(try await daemon.terminate() == .exited(0))
        }
    }
}
