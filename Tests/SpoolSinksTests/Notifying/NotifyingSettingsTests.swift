import SpoolCore
import Testing

@testable import SpoolSinks

/// Which sinks receive notifications.
struct NotifyingSettingsTests {
    private func read(_ lines: [Line]) -> (sink: ConfiguredSink?, problems: [String]) {
        let problems = ConfigurationProblems()
        let sink = Sinks.make(from: Line.node(lines), problems: problems, hostName: "host-1")
        return (sink, problems.list.map(\.description))
    }

    private let syslog: [Line] = [
        .key("name", "siem"), .key("type", "syslog"), .key("address", "siem.example:514"),
        .list("streams", ["contoso/activities"]),
    ]

    @Test("`notify: true` adds the spool's notifications to the streams of a sink; false adds nothing")
    func notify() {
        let (with, _) = read(syslog + [.key("notify", "true")])
        let (without, _) = read(syslog + [.key("notify", "false")])

        #expect(with?.streams.map(\.description) == ["contoso/activities", "spool/notifications"])
        #expect(with?.streamNodes.count == 2)
        #expect(without?.streams.map(\.description) == ["contoso/activities"])
    }

    @Test("webhook and journald receive only notifications")
    func alone() {
        let (journal, problems) = read([.key("name", "journal"), .key("type", "journald")])
        let (webhook, _) = read([
            .key("name", "pager"), .key("type", "webhook"), .key("url", "https://hooks.example/x"),
        ])

        #expect(problems.isEmpty)
        #expect(journal?.streams == [.notifications])
        #expect(webhook?.streams == [.notifications])
        #expect((journal?.sink as? JournalSink)?.socket == "/run/systemd/journal/socket")
        #expect(webhook?.sink.address == "https://hooks.example")
    }

    @Test(
        "mistakes are reported with their line",
        arguments: [
            (
                [Line.key("name", "a"), .key("type", "journald"), .list("streams", ["contoso/alerts"])],
                "3:1: this sink receives only notifications"
            ),
            (
                [.key("name", "a"), .key("type", "journald"), .key("socket", "journal")],
                "3:1: expected the path"
            ),
            ([.key("name", "a"), .key("type", "webhook")], "1:1: `url` is missing"),
            (
                [.key("name", "a"), .key("type", "webhook"), .key("url", "http://hooks.example/")],
                "3:1: `http://` would send"
            ),
            (
                [
                    .key("name", "a"), .key("type", "webhook"), .key("url", "https://h.example"),
                    .key("secret", "plain"),
                ], "4:1: secrets must not be written into this file"
            ),
            (
                [
                    .key("name", "a"), .key("type", "webhook"), .key("url", "https://h.example"),
                    .key("secret_header", "X-A"),
                ], "4:1: `secret_header` requires a `secret`"
            ),
            (
                [
                    .key("name", "a"), .key("type", "webhook"), .key("url", "https://h.example"),
                    .key("proxy", "http://user:word@proxy:3128"),
                ], "4:1: passwords must not be written into this file"
            ),
            (
                [
                    .key("name", "a"), .key("type", "webhook"), .key("url", "https://h.example"),
                    .key("notify", "x"),
                ],
                "4:1: unknown key `notify`"
            ),
        ]
    )
    func wrong(_ lines: [Line], _ expected: String) {
        let (sink, problems) = read(lines)

        #expect(sink == nil)
        #expect(problems.contains { $0.contains(expected) }, "\(problems)")
    }
}
