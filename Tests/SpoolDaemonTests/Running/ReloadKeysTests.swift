import Foundation
import Logging
import SpoolConfig
import SpoolControl
import SpoolCore
import SpoolEngine
import SpoolPipeline
import SpoolTestSupport
import Testing

@testable import SpoolDaemon

@Suite("every key of deploy/spool.yaml at a reload", .timeLimit(.minutes(5)))
struct ReloadKeysTests {
    /// The effect of a changed value.
    enum Result: Sendable {
        /// The value is in use when the reload has ended; exactly these parts have changed.
        case taken([String])
        /// The whole file is rejected for this reason.
        case refused(String)
    }

    /// A key, a change of its value in the file, and the effect.
    struct Row: Sendable, CustomTestStringConvertible {
        let key: String
        let old: String
        let new: String
        let result: Result

        init(_ key: String, _ old: String, _ new: String, _ result: Result) {
            (self.key, self.old, self.new, self.result) = (key, old, new, result)
        }

        var testDescription: String { key }
    }

    /// The file that the rows change; FOLDER is replaced by a path.
    private static let file = """
        spool:
          path: FOLDER/spool.db
          retention: { age: 30d, max_size: 20GiB }
        sources:
          - name: contoso
            type: defender-cloud-apps
            url: http://127.0.0.1:1
            auth: { token: "file:FOLDER/token" }
            poll: 15s
            requests_per_minute: 20
            proxy: http://127.0.0.1:3
            tls: { ca_file: FOLDER/ca.pem }
            streams:
              activities: { start: 2d, look_back: 10m, sweep: 5m, page_limit: 5000, filters: { activity.eventType: { eq: [A] } } }
              alerts: { start: 3d, look_back: 48h, sweep: 10m, page_limit: 100 }
          - name: second
            type: defender-cloud-apps
            url: http://127.0.0.1:2
            auth: { tenant_id: t1, client_id: c1, client_secret: "file:FOLDER/token", authority: "http://127.0.0.1:4" }
            streams: { activities: {} }
        sinks:
          - name: siem
            type: syslog
            address: 127.0.0.1:1
            transport: tls
            tls: { ca_file: FOLDER/ca.pem, cert_file: FOLDER/client.pem, key_file: FOLDER/client.key }
            framing: lines
            format: cef-agent
            envelope: agent
            header: { time: rfc5424, pri: true, facility: 13, severity: 5, system_name: true }
            cef: { agent_version: 0.298.168, empty_pairs: true, alert_rt: true }
            max_message_bytes: 8096
            doubt_bytes: 32MiB
            reopen_after: 5m
            streams: [contoso/activities, contoso/alerts]
            notify: false
            start: now
          - { name: pager, type: webhook, url: "http://127.0.0.1:5", secret: "file:FOLDER/token" }
          - { name: journal, type: journald }
        notifications: { connection_error_after: 2h, disconnected_after: 12h, silent_after: 3d, gap_after: 5m, too_many_critical_errors: never }
        status: { listen: none, token: "file:FOLDER/token" }
        audit: { every: 1d, window: 2d }
        """

    private static let contoso = Result.taken(["source contoso"])
    private static let second = Result.taken(["source second"])
    private static let siem = Result.taken(["sink siem"])
    private static let pager = Result.taken(["sink pager"])
    private static let notifications = Result.taken(["notifications"])

    static let rows = [
        Row("spool.path", "spool.db", "other.db", .refused("spool.path has changed")),
        Row("spool.retention.age", "age: 30d", "age: 29d", .taken(["spool.retention.age"])),
        Row("spool.retention.max_size", "20GiB", "21GiB", .taken(["spool.retention.max_size"])),
        Row("sources.name", "name: second", "name: third", .taken(["source third", "source second"])),
        Row(
            "sources.type",
            "type: defender-cloud-apps\n    url: http://127.0.0.1:2",
            "type: other\n    url: http://127.0.0.1:2",
            .refused("unknown source type")
        ),
        Row("sources.url", "http://127.0.0.1:2", "http://127.0.0.1:6", second),
        Row(
            "sources.auth.token",
            "auth: { token: \"file:FOLDER/token\" }",
            "auth: { token: \"file:FOLDER/token2\" }",
            contoso
        ),
        Row("sources.auth.tenant_id", "tenant_id: t1", "tenant_id: t2", second),
        Row("sources.auth.client_id", "client_id: c1", "client_id: c2", second),
        Row(
            "sources.auth.client_secret",
            "client_secret: \"file:FOLDER/token\"",
            "client_secret: \"file:FOLDER/token2\"",
            second
        ),
        Row("sources.auth.authority", "127.0.0.1:4", "127.0.0.1:6", second),
        Row("sources.poll", "poll: 15s", "poll: 16s", contoso),
        Row("sources.requests_per_minute", "minute: 20", "minute: 19", contoso),
        Row("sources.proxy", "127.0.0.1:3", "127.0.0.1:6", contoso),
        Row(
            "sources.tls.ca_file",
            "tls: { ca_file: FOLDER/ca.pem }",
            "tls: { ca_file: FOLDER/ca2.pem }",
            contoso
        ),
        Row("sources.renamed_from", "name: second", "name: second\n    renamed_from: first", second),
        Row("sources.streams.activities.start", "start: 2d", "start: 1d", contoso),
        Row("sources.streams.activities.look_back", "look_back: 10m", "look_back: 11m", contoso),
        Row("sources.streams.activities.sweep", "sweep: 5m", "sweep: 6m", contoso),
        Row("sources.streams.activities.page_limit", "page_limit: 5000", "page_limit: 4000", contoso),
        Row("sources.streams.activities.filters", "eq: [A]", "eq: [B]", contoso),
        Row("sources.streams.alerts.start", "start: 3d", "start: 4d", contoso),
        Row("sources.streams.alerts.look_back", "look_back: 48h", "look_back: 47h", contoso),
        Row("sources.streams.alerts.sweep", "sweep: 10m", "sweep: 11m", contoso),
        Row("sources.streams.alerts.page_limit", "page_limit: 100 ", "page_limit: 99 ", contoso),
        Row("sinks.name", "name: siem", "name: siem2", .taken(["sink siem2", "sink siem"])),
        Row("sinks.type", "type: syslog", "type: sislog", .refused("sislog")),
        Row("sinks.address", "address: 127.0.0.1:1", "address: 127.0.0.1:6", siem),
        Row(
            "sinks.transport",
            "    transport: tls\n    tls: { ca_file: FOLDER/ca.pem, cert_file: FOLDER/client.pem, key_file: FOLDER/client.key }",
            "    transport: tcp",
            siem
        ),
        Row("sinks.tls.ca_file", "{ ca_file: FOLDER/ca.pem, cert", "{ ca_file: FOLDER/ca2.pem, cert", siem),
        Row("sinks.tls.cert_file", "FOLDER/client.pem", "FOLDER/client2.pem", siem),
        Row("sinks.tls.key_file", "FOLDER/client.key", "FOLDER/client2.key", siem),
        Row("sinks.framing", "framing: lines", "framing: octet-counting", siem),
        Row(
            "sinks.format",
            "    format: cef-agent\n    envelope: agent\n    header: { time: rfc5424, pri: true, facility: 13, severity: 5, system_name: true }\n    cef: { agent_version: 0.298.168, empty_pairs: true, alert_rt: true }",
            "    format: json\n    envelope: rfc5424",
            siem
        ),
        Row(
            "sinks.envelope",
            "    envelope: agent\n    header: { time: rfc5424, pri: true, facility: 13, severity: 5, system_name: true }",
            "    envelope: rfc5424",
            siem
        ),
        Row("sinks.header.time", "time: rfc5424", "time: rfc3164", siem),
        Row("sinks.header.pri", "time: rfc5424, pri: true", "time: rfc3164, pri: false", siem),
        Row("sinks.header.facility", "facility: 13", "facility: 14", siem),
        Row("sinks.header.severity", "severity: 5", "severity: 6", siem),
        Row("sinks.header.system_name", "system_name: true", "system_name: false", siem),
        Row("sinks.cef.agent_version", "0.298.168", "0.298.169", siem),
        Row("sinks.cef.empty_pairs", "empty_pairs: true", "empty_pairs: false", siem),
        Row("sinks.cef.alert_rt", "alert_rt: true", "alert_rt: false", siem),
        Row("sinks.max_message_bytes", "8096", "8097", siem),
        Row("sinks.doubt_bytes", "32MiB", "33MiB", siem),
        Row("sinks.reopen_after", "reopen_after: 5m", "reopen_after: 6m", siem),
        Row("sinks.streams", "[contoso/activities, contoso/alerts]", "[contoso/activities]", siem),
        Row("sinks.notify", "notify: false", "notify: true", siem),
        Row("sinks.start", "start: now", "start: beginning", siem),
        Row("sinks.renamed_from", "name: siem", "name: siem\n    renamed_from: older", siem),
        Row("sinks.url", "127.0.0.1:5", "127.0.0.1:6", pager),
        Row(
            "sinks.secret",
            ":5\", secret: \"file:FOLDER/token\"",
            ":5\", secret: \"file:FOLDER/token2\"",
            pager
        ),
        Row("notifications.connection_error_after", "error_after: 2h", "error_after: 3h", notifications),
        Row(
            "notifications.disconnected_after",
            "disconnected_after: 12h",
            "disconnected_after: 13h",
            notifications
        ),
        Row("notifications.silent_after", "silent_after: 3d", "silent_after: never", notifications),
        Row("notifications.gap_after", "gap_after: 5m", "gap_after: 6m", notifications),
        Row("notifications.too_many_critical_errors", "errors: never", "errors: 1000000", notifications),
        Row("status.listen", "listen: none", "listen: 127.0.0.1:0", .refused("status.listen has changed")),
        Row(
            "status.token",
            "none, token: \"file:FOLDER/token\"",
            "none, token: \"file:FOLDER/token2\"",
            .taken(["status.token"])
        ),
        Row("audit.every", "every: 1d", "every: 2d", .taken(["audit"])),
        Row("audit.window", "window: 2d", "window: 1d", .taken(["audit"])),
    ]

    /// The keys of the installed file, including commented ones, each prefixed by the keys of its groups.
    private static func installedKeys() throws -> Set<String> {
        let project = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let text = try String(
            contentsOf: project.appendingPathComponent("deploy/spool.yaml"),
            encoding: .utf8
        )
        var groups: [(indent: Int, key: String)] = []
        var keys: Set<String> = []
        for line in text.split(separator: "\n") {
            let indent = line.prefix { $0 == " " }.count
            guard let match = line.firstMatch(of: #/^ *(?:# ?)?(- )?([a-z_]+):(?: (.*))?$|^ *# (- )\{ (.*)$/#)
            else { continue }
            let inner = { (text: Substring, prefix: String) in
                // The keys of a filter are defined by the portal.
                for key in text.matches(of: #/[ {]([a-z_]+): /#) where !prefix.hasSuffix("filters.") {
                    keys.insert(prefix + key.1)
                }
            }
            // Prose that begins with a word and a colon is not a key.
            if line.contains("# "), match.3?.contains(" ") == true { continue }
            guard let key = match.2 else {
                inner("{ " + (match.5 ?? ""), "sinks.")
                continue
            }
            let depth = indent + (match.1 == nil ? 0 : 2)
            groups.removeAll { $0.indent >= depth }
            let path = (groups.map(\.key) + [String(key)]).joined(separator: ".")
            groups.append((depth, String(key)))
            keys.insert(path)
            if let value = match.3, value.hasPrefix("{") {
                inner(value, path + ".")
            }
        }
        // Groups are not keys themselves.
        return keys.filter { key in
            !keys.contains { $0.hasPrefix(key + ".") }
        }
    }

    @Test("has a row, and every row has a key")
    func complete() throws {
        let rows = Set(Self.rows.map(\.key))
        let keys = try Self.installedKeys()

        #expect(keys.subtracting(rows) == [], "these have no row")
        #expect(rows.subtracting(keys) == [], "these are not in the file")
        #expect(keys.count > 50)
    }

    @Test("has its changed value in use when the reload has ended, or the whole file is rejected")
    func reload() async throws {
        let folder = try TemporaryFolder()
        let certificates = try await TestCertificates(in: folder)
        try folder.write(String(repeating: "a", count: 64), to: "token")
        try folder.write(String(repeating: "b", count: 64), to: "token2")
        for (name, source) in [
            ("ca2.pem", certificates.stranger.certFile), ("client.pem", certificates.client.certFile),
            ("client.key", certificates.client.keyFile), ("client2.pem", certificates.client.certFile),
            ("client2.key", certificates.client.keyFile),
        ] {
            try folder.write(String(contentsOfFile: source, encoding: .utf8), to: name)
        }
        let write = { (text: String) in
            _ = try folder.write(text.replacing("FOLDER", with: folder.path), to: "spool.yaml")
        }
        try write(Self.file)
        let (stop, reloads, log) = (ShutdownRequest(), Reloads(), LogNotes())
        let daemon = Daemon(
            configuration: folder.path("spool.yaml"),
            environment: [:],
            logger: Logger(label: "test") { _ in LogNotes.Handler(notes: log) }
        )
        let running = Task { try await daemon.run(until: stop, reloads) }
        await log.wait(for: "running")
        let client = ControlClient(ControlSocket(spool: folder.path("spool.db")))

        for row in Self.rows {
            #expect(Self.file.ranges(of: row.old).count == 1, "\(row.key): `\(row.old)`")
            try write(Self.file.replacing(row.old, with: row.new))
            let outcome = try await client.send(ReloadNow())
            let limit = try await client.status().spool.limit
            try write(Self.file)
            let back = try await client.send(ReloadNow())

            switch row.result {
            case .taken(let parts):
                #expect(outcome.isReloaded, "\(row.key): \(outcome.problems)")
                #expect(outcome.changes.map(\.subject) == parts, "\(row.key)")
            case .refused(let reason):
                #expect(!outcome.isReloaded && outcome.changes.isEmpty, "\(row.key)")
                #expect(outcome.problems.contains { $0.contains(reason) }, "\(row.key): \(outcome.problems)")
            }
            #expect(limit == (row.key == "spool.retention.max_size" ? 21 << 30 : 20 << 30), "\(row.key)")
            #expect(back.isReloaded, "\(row.key): \(back.problems)")
        }
        stop.ask()
        try await running.value
    }
}
