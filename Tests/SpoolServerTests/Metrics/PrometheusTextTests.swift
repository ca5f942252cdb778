import SpoolStore
import Testing

@testable import SpoolServer

@Suite("The text that Prometheus reads")
struct PrometheusTextTests {
    @Test("a family has one help and one type line, and one line per series")
    func family() {
        let family = MetricFamily(
            name: "spool_backlog_events",
            kind: .gauge,
            help: "Events that wait.",
            samples: [
                MetricSample(labels: [.init("sink", "siem"), .init("stream", "a/b")], value: 3),
                MetricSample(labels: [.init("sink", "other")], value: 0.25),
            ]
        )

        #expect(
            PrometheusText.text([family]) == """
                # HELP spool_backlog_events Events that wait.
                # TYPE spool_backlog_events gauge
                spool_backlog_events{sink="siem",stream="a/b"} 3
                spool_backlog_events{sink="other"} 0.25

                """
        )
    }

    @Test("a family without series is omitted")
    func empty() {
        #expect(PrometheusText.text([MetricFamily(name: "a", kind: .gauge, help: "b")]) == "")
    }

    @Test("quotes, backslashes and line breaks are escaped in labels, the latter two in help")
    func escaping() {
        let family = MetricFamily(
            name: "a",
            kind: .gauge,
            help: "one\\two\n\"three\"",
            samples: [MetricSample(labels: [.init("l", "x\"y\\z\nw")], value: 1)]
        )

        #expect(
            PrometheusText.text([family])
                == "# HELP a one\\\\two\\n\"three\"\n# TYPE a gauge\na{l=\"x\\\"y\\\\z\\nw\"} 1\n"
        )
    }

    @Test(
        "integers have no fraction, and times no exponent",
        arguments: [
            (1_795_000_000, "1795000000"), (0, "0"), (1_795_000_000.123, "1795000000.123"), (-1.5, "-1.5"),
            (Double.infinity, "+Inf"),
        ]
    )
    func numbers(value: Double, text: String) {
        #expect(PrometheusText.number(value) == text)
    }
}
