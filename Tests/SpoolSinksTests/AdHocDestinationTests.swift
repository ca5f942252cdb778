import SpoolCore
import SpoolFormats
import SpoolNetwork
import SpoolTestSupport
import Testing

@testable import SpoolSinks

@Suite("A destination on the command line")
struct AdHocDestinationTests {
    private func sink(_ text: String) throws -> SyslogSink {
        let sink = try AdHocDestination(text).sink(
            named: SinkName("destination@replay-1"),
            hostName: "host-1"
        )
        return try #require(sink as? SyslogSink)
    }

    private func fault(_ text: String) -> String {
        do {
            _ = try sink(text)
            return ""
        } catch {
            return "\(error)"
        }
    }

    @Test(
        "consists of transport, host and port; other settings are a syslog sink's defaults",
        arguments: [
            "tcp://127.0.0.1:1514", "udp://siem.example:514", "tcp://[::1]:1514/", "tls://siem.example:6514",
        ]
    )
    func plain(text: String) throws {
        let sink = try sink(text)

        #expect(sink.address == (text.hasSuffix("/") ? String(text.dropLast()) : text))
        #expect(
            sink.settings.format.payload
                == .cef(.agent(version: "0.298.168", emptyPairs: true, alertRT: true))
        )
        #expect(sink.settings.format.framing == (text.hasPrefix("udp") ? .datagrams : .lines))
    }

    @Test("accepts the keys of a syslog sink as options, those of groups with a dot")
    func options() throws {
        let sink = try sink(
            "tcp://h:1?format=cef&framing=octet-counting&envelope=rfc5424&max_message_bytes=2048"
                + "&cef.agent_version=7"
        )

        #expect(sink.settings.format.payload == .cef(.clean(version: "7")))
        #expect(sink.settings.format.envelope == .rfc5424(system: "host-1"))
        #expect(sink.settings.format.framing == .octetCounting)
        #expect(sink.settings.format.maxMessageBytes == 2_048)
    }

    @Test("resolves a CA file's path relative to the folder of the command")
    func files() async throws {
        let folder = try TemporaryFolder()
        let certificates = try await TestCertificates(in: folder)
        let name = try #require(certificates.caFile.split(separator: "/").last)

        let typed = try AdHocDestination("tls://h:6514?ca_file=\(name)")
        let absolute = typed.text(relativeTo: folder.path)
        let sink = try sink(absolute)

        #expect(sink.settings.tls == TLSSettings(caFile: certificates.caFile))
        #expect(try AdHocDestination(absolute).text(relativeTo: "/elsewhere") == absolute)
    }

    @Test(
        "mistakes are named, and unknown keys are rejected",
        arguments: [
            ("127.0.0.1:1514", "tcp://host:port"),
            ("http://h:1", "tcp://host:port"),
            ("tcp://h", "host:port"),
            ("tcp://h:1?fromat=json", "did you mean `format`"),
            ("tcp://h:1?format=xml", "`cef-agent`"),
            ("tcp://h:1?format", "key=value"),
            ("tcp://h:1?ca_file=/none.pem", "`transport: tls`"),
            ("tls://h:1?ca_file=/none.pem", "cannot read /none.pem"),
            ("udp://h:1?framing=lines", "remove `framing`"),
            ("tcp://h:1?name=x", "unknown key `name`"),
        ]
    )
    func refusals(text: String, message: String) {
        #expect(fault(text).contains(message), "\(fault(text))")
    }
}
