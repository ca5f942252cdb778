import Foundation
import SpoolReceiver
import SpoolSimulator
import SpoolTestSupport
import Subprocess
import Testing

@Suite("forwarded notifications", .daemons)
struct ForwardingTests {
    private static let code = "Data server connection error"

    /// A SIEM that may be down, a second one that receives notifications, and a webhook.
    private static func text(siem: Int, second: Int, hook: Int) -> String {
        """
        spool: { path: FOLDER/spool.db }
        sources:
          - name: tenant
            type: defender-cloud-apps
            url: PORTAL
            poll: 200ms
            requests_per_minute: 3000
            auth: { token: file:FOLDER/token }
            streams: { activities: { start: 3d }, alerts: { start: 3d } }
        sinks:
          - { name: siem, type: syslog, address: "127.0.0.1:\(siem)", streams: [tenant/activities] }
          - { name: second, type: syslog, address: "127.0.0.1:\(second)", streams: [tenant/alerts], notify: true }
          - { name: pager, type: webhook, url: "http://127.0.0.1:\(hook)/hook", secret: file:FOLDER/secret }
        notifications: { connection_error_after: 1s, disconnected_after: 1h }
        status: { listen: none }
        """
    }

    @Test(
        "notifications raised while a webhook is down reach it once after a restart, as do cleared ones"
    )
    func webhookAndSyslog() async throws {
        try await Site.run(.busy(history: 20)) { site in
            try site.folder.write("s3cret", to: "secret")
            let second = try await site.receiver(.keeping(messages: true))
            let siem = try Ports.free()
            let hook = try Ports.free()
            try site.configure { $0.text = Self.text(siem: siem, second: second.port, hook: hook) }
            let first = try await site.daemon()
            // Raised, and waiting for a webhook that is down.
            try await eventually("it is raised") {
                try await Self.standing(site).contains("\(Self.code) siem")
            }
            try await eventually("the second receives it") { Self.alerts(second, Self.code).count == 1 }
            try await first.terminate()

            let listener = try HTTPListener(port: hook)
            listener.answer("503 Service Unavailable")
            let daemon = try await site.daemon()
            // The one that is refused temporarily, and the same again.
            await listener.wait(for: 2)
            let receiver = try await site.receiver(.at(siem))
            try await eventually("it is cleared") {
                try await !Self.standing(site).contains("\(Self.code) siem")
            }
            try await eventually("the pager has received it") { try await Self.waiting(site) == 0 }
            try await eventually("the second receives the end") {
                Self.alerts(second, "\(Self.code) cleared").count == 1
            }
            #expect(try await daemon.terminate() == .exited(0))

            let told = listener.requests.dropFirst().map { Self.fields($0) }
            let siemTold = told.filter { $0["subject"] == "siem" }
            #expect(siemTold.map { $0["state"] } == ["raised", "cleared"])
            #expect(siemTold.allSatisfy { $0["code"] == Self.code })
            #expect(Set(told.map { $0["id"] }).count == told.count, "none is sent twice")
            #expect(Self.fields(listener.requests[0]) == told[0], "the refused one is sent again")
            #expect(listener.requests.allSatisfy { $0.headers["authorization"] == "Bearer s3cret" })
            // The line is one of the retired agent's system alerts.
            let line = try #require(Self.alerts(second, Self.code).first)
            #expect(
                line.contains("|ALERT_MANAGEMENT_NOTIFICATIONS_SIEM|System alert: \(Self.code)|3|externalId=")
            )
            #expect(line.contains(" msg=siem: No connection for "))
            #expect(try await site.number("SELECT count(*) FROM gaps") == 0)
            try await Self.expectLedger(site, listener)
            withExtendedLifetime(receiver) {}
        }
    }

    @Test(
        "the journal contains each with its own fields",
        .enabled(if: hasJournald, "requires systemd-journald and the permission to run it separately")
    )
    func journal() async throws {
        try await Site.run(.busy(history: 5)) { site in
            let folder = site.folder.path
            let journald = site.start(
                "systemd-journald",
                "unshare",
                [
                    "--mount", "bash", "-c",
                    "mkdir -p run/systemd/journal run/log/journal && mount --bind run /run"
                        + " && exec /lib/systemd/systemd-journald",
                ]
            )
            let socket = "\(folder)/run/systemd/journal/socket"
            try await eventually("journald listens") {
                guard journald.isRunning else { throw HarnessFailure(journald.lastLines) }
                return FileManager.default.fileExists(atPath: socket)
            }
            let siem = try Ports.free()
            try site.configure { settings in
                settings.text = Self.text(siem: siem, second: siem, hook: siem)
                    .split(separator: "\n", omittingEmptySubsequences: false)
                    .filter { !$0.contains("webhook") && !$0.contains("name: second") }
                    .map { $0 == "notifications:" ? "" : String($0) }
                    .joined(separator: "\n")
                    .replacing(
                        "sinks:\n",
                        with: "sinks:\n  - { name: journal, type: journald, socket: \"\(socket)\" }\n"
                    )
            }
            let daemon = try await site.daemon()
            var entry: [String: String] = [:]
            try await eventually("the journal has it") {
                let answer = try await Child.answer(
                    "journalctl",
                    ["--directory", "\(folder)/run/log/journal", "--output=json", "SPOOL_CODE=\(Self.code)"]
                )
                guard let line = answer.output.split(separator: "\n").first else { return false }
                entry =
                    (try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])?
                    .compactMapValues { $0 as? String } ?? [:]
                return true
            }
            try await daemon.terminate()

            #expect(entry["PRIORITY"] == "3")
            #expect(entry["SYSLOG_IDENTIFIER"] == "spool")
            #expect(entry["SPOOL_SUBJECT"] == "siem")
            #expect(entry["SPOOL_STATE"] == "raised")
            #expect(entry["MESSAGE_ID"]?.count == 32)
            #expect(entry["MESSAGE"]?.hasPrefix("\(Self.code): siem: No connection for ") == true)
        }
    }

    /// Checks that each notification which the webhook accepted is in the ledger as acknowledged.
    private static func expectLedger(_ site: Site, _ listener: HTTPListener) async throws {
        let acknowledged = try await site.number(
            "SELECT sum(events) FROM deliveries WHERE sink = 'pager' AND evidence = 'acknowledged'"
        )
        #expect(acknowledged == listener.requests.count - 1)
    }

    private static func standing(_ site: Site) async throws -> [String] {
        struct Row: Decodable { let name: String }
        return try await site.query("SELECT name FROM health WHERE what = 'notification'", as: Row.self)
            .map(\.name)
    }

    private static func waiting(_ site: Site) async throws -> Int {
        try await site.number("SELECT sum(waiting) FROM backlog WHERE sink = 'pager'")
    }

    private static func alerts(_ receiver: Receiver, _ title: String) -> [String] {
        receiver.lines.filter { $0.contains("|System alert: \(title)|") && $0.contains(" msg=siem: ") }
    }

    private static func fields(_ request: HTTPListener.Request) -> [String: String] {
        (try? JSONSerialization.jsonObject(with: request.body)) as? [String: String] ?? [:]
    }
}

private let hasJournald =
    getuid() == 0 && FileManager.default.isExecutableFile(atPath: "/lib/systemd/systemd-journald")
    && FileManager.default.isExecutableFile(atPath: "/usr/bin/journalctl")

extension ReceiverConfiguration {
    fileprivate static func at(_ port: Int) -> ReceiverConfiguration {
        var configuration = ReceiverConfiguration.keeping()
        configuration.port = port
        return configuration
    }
}
