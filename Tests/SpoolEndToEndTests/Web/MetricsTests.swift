import Foundation
import SpoolReceiver
import SpoolSimulator
import SpoolTestSupport
import Testing

@Suite("metrics of a daemon, alert rules and dashboard", .daemons)
struct MetricsTests {
    /// A metric as exported by the daemon.
    private struct Family {
        var type: String
        var labels: Set<String>
    }

    /// The metrics of a daemon that has forwarded events to one sink and has another one that is down.
    private static func measured() async throws -> String {
        try await Site.run(.busy(history: 300)) { site in
            let port = try Ports.free()
            let receiver = try await site.receiver()
            let closed = try await site.receiver()
            await closed.stop()
            try site.configure {
                $0.status = "{ listen: 127.0.0.1:\(port) }"
                $0.sinks = [.init("siem", port: receiver.port), .init("down", port: closed.port)]
            }
            _ = try await site.daemon()
            let visible = try await site.fetchAll()
            try await site.drain("siem")
            let needed = [
                "spool_events_fetched_total{stream=\"tenant/activities\"}",
                "spool_sink_state{sink=\"down\",state=\"retrying\"} 1",
                "spool_sink_last_success_timestamp_seconds{sink=\"siem\"}",
            ]
            var text = ""
            try await eventually("the metrics cover both sinks", state: { text }) {
                text = try await WebAnswer.get("/metrics", port: port).body
                return needed.allSatisfy { text.contains($0) }
            }
            #expect(sum("spool_events_settled_total", of: text, where: "sink=\"siem\"") == visible.count)
            #expect(sum("spool_backlog_events", of: text, where: "sink=\"down\"") == visible.count)
            #expect(sum("spool_sink_retries_total", of: text, where: "sink=\"down\"") >= 1)
            return text
        }
    }

    // One daemon serves all tests of this suite.
    private static let answer = Task { try await measured() }

    @Test("promtool reports no problem")
    func promtool() async throws {
        let text = try await Self.answer.value
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
            "metrics-\(UUID().uuidString)"
        )
        try text.write(to: folder, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(at: folder) }

        let answer = try await Child.answer("bash", ["-c", "promtool check metrics < '\(folder.path)'"])

        #expect(answer.code == 0 && answer.output.isEmpty && answer.errors.isEmpty, "\(answer)")
    }

    @Test("docs/monitoring.md lists exactly the existing metrics with their types and labels")
    func documented() async throws {
        let families = Self.families(try await Self.answer.value)
        let rows = Documentation.read("docs/monitoring.md")
            .matches(of: #/(?m)^\| `((?:spool|process)_\w+)` \| (\w+) \|([^|]*)\|/#)
        let documented = Dictionary(
            rows.map { row in
                let labels = row.3.matches(of: #/`(\w+)`/#).map { String($0.1) }
                return (String(row.1), (String(row.2), Set(labels)))
            }
        ) { first, _ in first }

        #expect(rows.count == documented.count)
        #expect(Set(documented.keys) == Set(families.keys))
        for (name, family) in families {
            #expect(documented[name]?.0 == family.type, "\(name)")
            #expect(documented[name]?.1 == family.labels, "\(name)")
        }
    }

    @Test(
        "alert rules and dashboard use metrics and labels that exist",
        arguments: ["deploy/prometheus/spool.rules.yml", "deploy/grafana/spool.json"]
    )
    func used(path: String) async throws {
        let families = Self.families(try await Self.answer.value)
        let text = Documentation.read(path)
        let expressions = text.matches(of: #/(?m)^ *"?expr"?: (.*)$/#).map { String($0.1) }

        #expect(expressions.count > 10)
        for expression in expressions {
            let unescaped = expression.replacing("\\\"", with: "\"")
            let names = unescaped.matches(of: #/\b((?:spool|process)_\w+|up)\b(?:\{([^}]*)\})?/#)
            #expect(!names.isEmpty, "\(expression)")
            for name in names where name.1 != "up" {
                let base = String(name.1).replacing(#/_(bucket|sum|count)$/#, with: "")
                let family = try #require(families[String(name.1)] ?? families[base], "\(expression)")
                let labels = (name.2 ?? "").matches(of: #/(\w+)[=!]~?"/#).map { String($0.1) }
                let known = family.labels.union(["job", "instance"])
                #expect(known.isSuperset(of: labels), "\(expression)")
            }
            let grouped = unescaped.matches(of: #/by \(([^)]*)\)/#)
                .flatMap { $0.1.split { $0 == "," || $0 == " " }.map(String.init) }
            let all = families.values.reduce(into: Set(["instance", "job", "le"])) { $0.formUnion($1.labels) }
            #expect(all.isSuperset(of: grouped), "\(expression)")
        }
    }

    @Test("promtool accepts the alert rules, and their tests pass")
    func rules() async throws {
        let folder = Documentation.project.appendingPathComponent("deploy/prometheus").path

        let check = try await Child.answer("promtool", ["check", "rules", "spool.rules.yml"], folder: folder)
        let test = try await Child.answer(
            "promtool",
            ["test", "rules", "spool.rules.test.yml"],
            folder: folder
        )

        #expect(check.code == 0 && check.output.contains("SUCCESS"), "\(check)")
        #expect(test.code == 0 && test.output.contains("SUCCESS"), "\(test)")
    }

    @Test("every alert has a test in which it fires and one in which it does not")
    func rulesAreTested() {
        let rules = Documentation.read("deploy/prometheus/spool.rules.yml").matches(of: #/- alert: (\w+)/#)
        let tests = Documentation.read("deploy/prometheus/spool.rules.test.yml")
        let quiet =
            tests.matches(of: #/alertname: (\w+), exp_alerts: \[\] \}/#).map(\.1)
            + tests.matches(
                of: #/alertname="(\w+)",alertstate="firing"\}\)\s+eval_time: \w+\s+exp_samples: \[\]/#
            )
            .map(\.1)
        let firing =
            tests.matches(of: #/alertname: (\w+)\s+exp_alerts:\s+- /#).map(\.1)
            + tests.matches(
                of: #/alertname="(\w+)",alertstate="firing"\}\)\s+eval_time: \w+\s+exp_samples: \[\{/#
            )
            .map(\.1)

        #expect(rules.count > 10)
        #expect(Set(quiet) == Set(rules.map(\.1)))
        #expect(Set(firing) == Set(rules.map(\.1)))
    }

    @Test("docs/monitoring.md explains exactly the existing alerts")
    func alerts() {
        let rules = Documentation.read("deploy/prometheus/spool.rules.yml").matches(of: #/- alert: (\w+)/#)
        let rows = Documentation.read("docs/monitoring.md").matches(of: #/(?m)^\| (Spool\w+) \|/#)

        #expect(rules.count > 10)
        #expect(Set(rules.map(\.1)) == Set(rows.map(\.1)))
    }

    private static func families(_ text: String) -> [String: Family] {
        var families: [String: Family] = [:]
        for type in text.matches(of: #/(?m)^# TYPE (\S+) (\S+)$/#) {
            families[String(type.1)] = Family(type: String(type.2), labels: [])
        }
        for series in text.matches(of: #/(?m)^([a-z_]+)\{(.*)\} /#) {
            let name = String(series.1)
            let base = families[name] == nil ? name.replacing(#/_(bucket|sum|count)$/#, with: "") : name
            let labels = series.2.matches(of: #/(\w+)="/#).map { String($0.1) }.filter { $0 != "le" }
            families[base]?.labels.formUnion(labels)
        }
        return families
    }

    private static func sum(_ name: String, of text: String, where condition: String) -> Int {
        text.split(separator: "\n").filter { $0.hasPrefix("\(name){") && $0.contains(condition) }
            .compactMap { $0.split(separator: " ").last.flatMap { Int($0) } }.reduce(0, +)
    }
}
