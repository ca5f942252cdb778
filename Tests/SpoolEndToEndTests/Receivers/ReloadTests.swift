import Foundation
import SpoolReceiver
import SpoolSimulator
import SpoolTestSupport
import Subprocess
import Testing

@Suite("reload", .daemons)
struct ReloadTests {
    /// The rejected reload in `status --json`.
    private struct RefusedState: Decodable {
        struct Refused: Decodable {
            let at_ms: Int64
            let cause: String
        }

        let reload_refused: Refused?

        init(_ json: String) throws { self = try JSONDecoder().decode(Self.self, from: Data(json.utf8)) }
    }

    @Test(
        "a refused reload is shown by `status`, page, metrics and `doctor` until a reload succeeds"
    )
    func refusedReloadIsShown() async throws {
        try await Site.run(.busy(history: 50)) { site in
            let port = try Ports.free()
            let receiver = try await site.receiver()
            try site.configure {
                $0.status = "{ listen: 127.0.0.1:\(port) }"
                $0.sinks = [.init("siem", port: receiver.port)]
            }
            let good = site.configuration
            let daemon = try await site.daemon()
            _ = try await site.fetchAll()
            let before = try await WebAnswer.get("/metrics", port: port).body

            try site.configure { $0.sinks[0].keys["transprot"] = "udp" }
            try daemon.send(.terminalClosed)
            try await eventually("the notification is raised") {
                try await site.number("SELECT count(*) FROM notification WHERE cleared_ms IS NULL") == 1
            }
            let metrics = try await WebAnswer.get("/metrics", port: port).body
            let page = try await WebAnswer.get("/", port: port).body
            let json = try await WebAnswer.get("/status", port: port).body
            // Commands read the file as well, so they run with a valid one, as after further editing.
            try site.configure { $0 = good }
            let status = try await site.spool("status")
            let statusJSON = try await site.spool("status", "--json")
            let doctor = try await site.spool("doctor")

            try daemon.send(.terminalClosed)
            try await eventually("the notification is cleared") {
                try await site.number("SELECT count(*) FROM notification WHERE cleared_ms IS NULL") == 0
            }
            let after = try await WebAnswer.get("/metrics", port: port).body
            let clearedJSON = try await site.spool("status", "--json")
            try await daemon.terminate()

            for text in [json, statusJSON.output] {
                let refused = try RefusedState(text).reload_refused
                #expect(refused?.cause.contains(#/spool\.yaml:\d+:\d+: .*transprot/#) == true, "\(text)")
                #expect((refused?.at_ms ?? 0) > 1_700_000_000_000)
            }
            #expect(try RefusedState(clearedJSON.output).reload_refused == nil)
            #expect(!status.output.contains("?."))
            #expect(before.contains("\nspool_config_reload_failed 0\n"))
            #expect(metrics.contains("\nspool_config_reload_failed 1\n"))
            #expect(after.contains("\nspool_config_reload_failed 0\n"))
            for text in [page, json, status.output, doctor.output] {
                #expect(text.contains("Configuration not reloaded") && text.contains("transprot"), "\(text)")
            }
            #expect(status.output.contains(#/spool\.yaml:\d+:\d+: /#))
            #expect(doctor.code == 1)
        }
    }

    @Test("a CA file that is replaced in place is trusted after a reload, also by a source")
    func authority() async throws {
        let folder = try TemporaryFolder()
        let certificates = try await TestCertificates(in: folder)
        var portal = SimulatorConfiguration.busy(history: 50)
        portal.tls = SimulatorTLS(
            certificateFile: certificates.server.certFile,
            keyFile: certificates.server.keyFile
        )
        try await Site.run(portal) { site in
            let receiver = try await site.receiver()
            let inUse = try site.folder.write(
                String(contentsOfFile: certificates.stranger.certFile, encoding: .utf8),
                to: "trusted.pem"
            )
            try site.configure {
                $0.sinks = [.init("siem", port: receiver.port)]
                $0.sourceKeys["tls"] = "{ ca_file: \(inUse) }"
            }
            let daemon = try await site.daemon()
            try await eventually("the portal's certificate is not trusted") {
                try await site.number("SELECT count(*) FROM stream WHERE last_error LIKE '%not trusted%'")
                    == 2
            }

            try site.folder.write(
                String(contentsOfFile: certificates.caFile, encoding: .utf8),
                to: "trusted.pem"
            )
            try daemon.send(.terminalClosed)
            let visible = try await site.fetchAll()
            try await receiver.await(ids: visible.count)
            try await daemon.terminate()

            #expect(daemon.lines(.errors).contains { $0.isLog("configuration reloaded") })
        }
    }

    @Test(
        "a token service that accepts connections and never answers delays neither a stop nor a reload",
        arguments: [false, true]
    )
    func silentTokenService(reloads: Bool) async throws {
        try await Site.run(.busy(history: 10)) { site in
            var listener = ReceiverConfiguration.keeping()
            listener.isReading = false
            let silent = try await site.receiver(listener)
            let receiver = try await site.receiver()
            try site.folder.write("secret", to: "client-secret")
            let application = """
                { tenant_id: tenant, client_id: client, client_secret: "file:FOLDER/client-secret", \
                authority: "http://127.0.0.1:\(silent.port)" }
                """
            try site.configure {
                $0.sinks = [.init("siem", port: receiver.port)]
                let text = $0.yaml(folder: "FOLDER", url: "PORTAL")
                $0.text = text.replacing("{ token: file:FOLDER/token }", with: application)
            }
            let daemon = try await site.daemon()
            try await eventually("the token is requested") { silent.counts.connectionsOpened > 0 }

            if reloads {
                try site.configure { $0.text = $0.text?.replacing("poll: 200ms", with: "poll: 300ms") }
                try daemon.send(.terminalClosed)
                try await daemon.waitUntil("reloads", within: .seconds(25)) { lines in
                    lines.contains { $0.isLog("configuration reloaded") }
                }
            }
            let status = try await daemon.terminate(within: .seconds(25))

            #expect(status == .exited(0))
        }
    }
}
