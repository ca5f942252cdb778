import SpoolCore
import SpoolFormats
import SpoolNetwork
import SpoolTestSupport
import Testing

@testable import SpoolSinks

struct SyslogSettingsTests {
    private let minimal: [Line] = [
        .key("name", "siem"), .key("type", "syslog"), .key("address", "siem.example:6514"),
        .list("streams", ["contoso/activities", "contoso/alerts"]),
    ]

    private func read(_ lines: [Line], hostName: String = "host-1") -> (
        sink: ConfiguredSink?, problems: [ConfigurationProblem]
    ) {
        let problems = ConfigurationProblems()
        let sink = Sinks.make(from: Line.node(lines), problems: problems, hostName: hostName)
        return (sink, problems.list)
    }

    private func settings(_ lines: [Line]) -> SyslogSettings? {
        (read(minimal + lines).sink?.sink as? SyslogSink)?.settings
    }

    @Test("`reopen_after` is a length of time, or `never`; another word is a problem")
    func reopenAfter() {
        #expect(settings([])?.doubt.reopenAfter == .minutes(5))
        #expect(settings([.key("reopen_after", "90s")])?.doubt.reopenAfter == .seconds(90))
        #expect(settings([.key("reopen_after", "never")])?.doubt == KernelDoubt(reopenAfter: nil))
        #expect(read(minimal + [.key("reopen_after", "always")]).problems.count == 1)
    }

    @Test("only name, type, address and streams are required; others have the documented defaults")
    func defaults() throws {
        let (sink, problems) = read(minimal)

        #expect(problems.isEmpty)
        let made = try #require(sink)
        #expect(made.sink.address == "tcp://siem.example:6514")
        #expect(made.streams.map(\.description) == ["contoso/activities", "contoso/alerts"])
        #expect(made.start == nil && made.renamedFrom == nil && made.warnings.isEmpty)
        #expect(!made.sink.needsRaw)
        #expect(
            settings([])
                == SyslogSettings(
                    endpoint: Endpoint(host: "siem.example", port: 6_514),
                    transport: .tcp,
                    format: LineFormat(
                        payload: .cef(.agent(version: "0.298.168", emptyPairs: true, alertRT: true)),
                        envelope: .agent(
                            AgentHeader(time: .rfc5424, priority: 109, systemName: true),
                            system: "host-1"
                        ),
                        framing: .lines,
                        maxMessageBytes: 8_096
                    )
                )
        )
    }

    @Test("every key of the configuration is read")
    func everything() async throws {
        let folder = try TemporaryFolder()
        let certificates = try await TestCertificates(in: folder)

        let (sink, problems) = read([
            .key("name", "siem"), .key("renamed_from", "old"), .key("type", "syslog"),
            .key("address", "[2001:db8::1]:6514"), .key("transport", "tls"),
            .key("framing", "octet-counting"),
            .group(
                "tls",
                [
                    .key("ca_file", certificates.caFile), .key("cert_file", certificates.client.certFile),
                    .key("key_file", certificates.client.keyFile),
                ]
            ),
            .key("format", "cef-agent"), .key("envelope", "agent"),
            .group(
                "header",
                [
                    .key("time", "rfc3164-year"), .key("pri", "true"), .key("facility", "16"),
                    .key("severity", "6"), .key("system_name", "true"),
                ]
            ),
            .group(
                "cef",
                [.key("agent_version", "0.111.85"), .key("empty_pairs", "false"), .key("alert_rt", "false")]
            ),
            .key("max_message_bytes", "4096"), .list("streams", ["contoso/alerts"]),
            .key("start", "2026-11-23T04:00:00Z"),
        ])

        #expect(problems.isEmpty)
        let made = try #require(sink)
        #expect(made.renamedFrom == SinkName("old"))
        #expect(made.start == .time(Timestamp(rfc3339: "2026-11-23T04:00:00Z")!))
        #expect(made.sink.address == "tls://[2001:db8::1]:6514")
        let settings = try #require((made.sink as? SyslogSink)?.settings)
        #expect(settings.tls.certFile == certificates.client.certFile)
        #expect(
            settings.format
                == LineFormat(
                    payload: .cef(.agent(version: "0.111.85", emptyPairs: false, alertRT: false)),
                    envelope: .agent(
                        AgentHeader(time: .rfc3164Year, priority: 134, systemName: true),
                        system: "host-1"
                    ),
                    framing: .octetCounting,
                    maxMessageBytes: 4_096
                )
        )
        #expect(made.topology.streams == [StreamName(source: "contoso", stream: "alerts")])
    }

    static let refused: [([Line], String, String)] = [
        ([.key("address", "siem.example")], "5:1", "expected `host:port`"),
        ([.key("transport", "tcpp")], "5:1", "did you mean `tcp`?"),
        ([.key("trasport", "tcp")], "5:1", "unknown key `trasport`; did you mean `transport`?"),
        ([.key("framing", "octets")], "5:1", "`octet-counting`"),
        ([.key("transport", "udp"), .key("framing", "lines")], "6:1", "in its own datagram"),
        ([.group("tls", [])], "5:1", "`tls` needs `transport: tls`"),
        ([.group("header", [.key("pri", "false")])], "6:1", "octet count"),
        (
            [.group("header", [.key("time", "rfc3164-year"), .key("system_name", "false")])], "6:1", "Graylog"
        ),
        (
            [.key("envelope", "rfc5424"), .group("header", [.key("pri", "false")])], "6:1",
            "`envelope: agent`"
        ),
        ([.key("format", "json"), .group("cef", [.key("alert_rt", "true")])], "6:1", "`json`"),
        (
            [.key("format", "cef"), .group("cef", [.key("empty_pairs", "true")])], "7:1",
            "`format: cef-agent`"
        ),
        ([.group("cef", [.key("agent_version", "a\nb")])], "6:1", "visible ASCII"),
        ([.key("max_message_bytes", "100")], "5:1", "from 1024"),
        ([.key("transport", "udp"), .key("max_message_bytes", "70000")], "6:1", "to 65507"),
        ([.group("header", [.key("facility", "24")])], "6:1", "from 0 to 23"),
        ([.key("start", "yesterday")], "5:1", "`beginning`"),
        ([.key("renamed_from", "a b")], "5:1", "a name consists of"),
    ]

    @Test("invalid combinations are rejected at their position, with the reason", arguments: refused)
    func refuses(_ lines: [Line], _ place: String, _ words: String) {
        // A repeated key replaces the minimal one, at the same number of lines.
        let names = lines.map(\.name)
        let (sink, problems) = read(minimal.map { names.contains($0.name) ? .skip : $0 } + lines)

        #expect(sink == nil)
        #expect(problems.count == 1)
        #expect(problems.first.map { "\($0.line):\($0.column)" } == place)
        #expect(problems.first?.message.contains(words) == true, "\(problems)")
    }

    @Test("all problems are reported together")
    func all() {
        let (_, problems) = read([
            .key("type", "syslog"), .key("address", "nowhere"), .key("max_message_bytes", "x"),
            .list("streams", ["one", "two"]), .group("header", [.key("tme", "x")]),
        ])

        #expect(problems.count == 6)
    }

    @Test("no priority is allowed if the line's first character cannot be read as a count")
    func withoutPriority() {
        for lines in [
            [Line.key("framing", "octet-counting"), .group("header", [.key("pri", "false")])],
            [.key("transport", "udp"), .group("header", [.key("pri", "false")])],
            [.group("header", [.key("pri", "false"), .key("time", "rfc3164")])],
        ] {
            #expect(settings(lines) != nil)
        }
    }

    @Test("settings that work only with some receivers cause a warning")
    func warnings() {
        #expect(read(minimal + [.group("header", [.key("time", "rfc3164")])]).sink?.warnings.count == 1)
        #expect(read(minimal + [.key("envelope", "rfc3164")]).sink?.warnings.count == 1)
        #expect(read(minimal + [.group("header", [.key("system_name", "false")])]).sink?.warnings.count == 1)
        #expect(read(minimal + [.key("envelope", "rfc5424")]).sink?.warnings.isEmpty == true)
    }

    @Test(
        "a time without a zone, a message without a header and a limit that shortens records cause a warning",
        arguments: [
            ([.group("header", [.key("time", "rfc3164")])], "no year and no zone"),
            ([.group("header", [.key("time", "rfc3164-year")])], "no zone"),
            ([.key("envelope", "rfc3164")], "no year and no zone"),
            ([.key("envelope", "bare")], "time of arrival"),
            ([.key("format", "json")], "are shortened"),
            ([.key("format", "json"), .key("max_message_bytes", "4096")], "(4096)"),
        ] as [([Line], String)]
    )
    func warns(_ lines: [Line], _ words: String) throws {
        let (sink, problems) = read(minimal + lines)

        #expect(problems.isEmpty)
        let warnings = try #require(sink?.warnings)
        #expect(warnings.count == 1 && warnings[0].message.contains(words), "\(warnings)")
    }

    @Test("JSON with a limit for whole records needs no warning")
    func roomForRecords() {
        let lines: [Line] = [.key("format", "json"), .key("max_message_bytes", "65536")]

        #expect(read(minimal + lines).sink?.warnings.isEmpty == true)
    }

    @Test("an unknown type of sink is reported with the known ones")
    func unknownType() {
        let (sink, problems) = read([
            .key("name", "x"), .key("type", "syslgo"), .list("streams", ["a/b"]), .key("whatever", "1"),
        ])

        #expect(sink == nil)
        #expect(problems.map(\.message).contains { $0.contains("did you mean `syslog`?") })
        #expect(problems.count == 1)
    }

    @Test(
        "addresses are parsed in all forms",
        arguments: [
            ("siem.example:6514", "siem.example:6514"), ("192.0.2.1:514", "192.0.2.1:514"),
            ("[2001:db8::1]:514", "[2001:db8::1]:514"), ("2001:db8::1:514", nil), ("siem.example", nil),
            (":514", nil), ("siem.example:", nil), ("siem.example:0", nil), ("siem.example:65536", nil),
            ("http://siem.example:80", nil), ("[siem]:514", nil), ("a b:514", nil), ("siem.example:+1", nil),
        ] as [(String, String?)]
    )
    func endpoints(_ text: String, _ expected: String?) {
        #expect(Endpoint(text)?.description == expected)
    }

    @Test("TLS uses a name, but not an address")
    func tlsName() {
        #expect(Endpoint("siem.example:1")?.tlsName == "siem.example")
        #expect(Endpoint("192.0.2.1:1")?.tlsName == nil)
        #expect(Endpoint("[2001:db8::1]:1")?.tlsName == nil)
    }
}
