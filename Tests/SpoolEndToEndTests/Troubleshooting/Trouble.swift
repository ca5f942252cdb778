import Foundation
import SpoolReceiver
import SpoolSimulator
import SpoolTestSupport
import Subprocess

/// A problem of the old agent's troubleshooting page, which a test causes.
enum Trouble: String, CaseIterable, Sendable {
    case connectionRefused = "Connection refused"
    case oldTLS = "TLS older than 1.2"
    case connectionError = "Status \"Connection error\""
    case disconnected = "Status \"Disconnected\""
    case invalidToken = "Invalid token"
    case invalidProxy = "Invalid proxy address"
    case bootstrap = "General error during bootstrap"
    case missingAuthority = "Issue with new versions of Java"
    case sendError = "Data server send error"
    case serverConnection = "Data server connection error"
    case agentError = "SIEM agent error"
    case notificationError = "SIEM agent notification error"
    case changedAddress = "Changed address of the SIEM"
    case criticalErrors = "Too many critical errors"

    /// Causes the problem and returns what each command shows, by its name: output and errors.
    func provoke() async throws -> [String: String] {
        switch self {
        case .connectionRefused: try await refused()
        case .oldTLS: try await oldTLS()
        case .connectionError: try await refused(later: "+3h")
        case .disconnected: try await refused(later: "+13h")
        case .invalidToken: try await invalidToken()
        case .invalidProxy: try await invalidProxy()
        case .bootstrap: try await damaged()
        case .missingAuthority: try await missingAuthority()
        case .sendError: try await cut()
        case .serverConnection: try await nameless()
        case .agentError: try await away()
        case .notificationError: try await deafPager()
        case .criticalErrors: try await criticalErrors()
        case .changedAddress: try await moved()
        }
    }

    /// Runs a daemon until `condition` holds in the spool, then runs the commands.
    private func observe(
        _ site: Site,
        until condition: String,
        later: String? = nil
    ) async throws -> [String: String] {
        let daemon = try await site.daemon()
        try await eventually("the problem is recorded", within: .seconds(60)) {
            try await site.number(condition) > 0
        }
        let status =
            if let later {
                // The same spool, as seen hours later.
                try await Child.answer(
                    "faketime",
                    ["-f", later, BuiltProduct.spool, "status", "--config", site.configurationPath]
                )
            } else {
                try await site.spool("status")
            }
        let doctor = try await site.spool("doctor")
        let log = daemon.lines(.errors).joined(separator: "\n")
        guard try await daemon.terminate() == .exited(0), status.code == 0, doctor.code == 1 else {
            throw HarnessFailure("expected exit code 1 of the doctor only:\n\(status)\n\(doctor)")
        }
        return [
            "spool status": status.output, "spool doctor": doctor.output + "\n" + doctor.errors,
            "spool run": log,
        ]
    }

    private static let failing = "SELECT count(*) FROM sink WHERE attempts > 0 AND last_error IS NOT NULL"

    private func refused(later: String? = nil) async throws -> [String: String] {
        try await Site.run(.busy(history: 20)) { site in
            let receiver = try await site.receiver()
            await receiver.stop()
            try site.configure { $0.sinks = [.init("siem", port: receiver.port)] }
            return try await observe(site, until: Self.failing, later: later)
        }
    }

    private func oldTLS() async throws -> [String: String] {
        try await Site.run(.busy(history: 20)) { site in
            let certificates = try await TestCertificates(in: site.folder)
            let server = try await OldTLSServer(certificates.server, at: site)
            try site.configure {
                $0.sinks = [
                    .init(
                        "siem",
                        port: server.port,
                        transport: "tls",
                        ["tls": "{ ca_file: \(certificates.caFile) }"]
                    )
                ]
            }
            return try await observe(
                site,
                until: "SELECT count(*) FROM sink WHERE last_error IS NOT NULL"
            )
        }
    }

    private func invalidToken() async throws -> [String: String] {
        try await Site.run(.busy(history: 20)) { site in
            site.simulator.setCredentials(Credentials(tokens: ["another"]))
            let receiver = try await site.receiver()
            try site.configure { $0.sinks = [.init("siem", port: receiver.port)] }
            return try await observe(
                site,
                until: "SELECT count(*) FROM notification WHERE code = 'Invalid token'"
            )
        }
    }

    private func invalidProxy() async throws -> [String: String] {
        try await Site.run(.busy(history: 20)) { site in
            let receiver = try await site.receiver()
            let proxy = try await site.receiver()
            await proxy.stop()
            try site.configure {
                $0.sinks = [.init("siem", port: receiver.port)]
                $0.sourceKeys["proxy"] = "http://127.0.0.1:\(proxy.port)"
            }
            return try await observe(
                site,
                until: "SELECT count(*) FROM stream WHERE state = 'invalid proxy address'"
            )
        }
    }

    private func damaged() async throws -> [String: String] {
        try await Site.run(.busy(history: 20)) { site in
            let receiver = try await site.receiver()
            try site.configure { $0.sinks = [.init("siem", port: receiver.port)] }
            try site.folder.write(String(repeating: "no spool\n", count: 1_000), to: "spool.db")
            let run = try await site.spool("run")
            let doctor = try await site.spool("doctor")
            guard run.code == 4, doctor.code == 1 else { throw HarnessFailure("\(run)\n\(doctor)") }
            return ["spool run": run.errors, "spool doctor": doctor.output]
        }
    }

    private func missingAuthority() async throws -> [String: String] {
        try await Site.run(.busy(history: 20)) { site in
            let chain = try await TestChain(in: site.folder)
            var configuration = SimulatorConfiguration.busy(history: 20)
            configuration.tls = SimulatorTLS(
                certificateFile: chain.server.certFile,
                keyFile: chain.server.keyFile
            )
            return try await Simulator.run(configuration) { portal in
                try site.configure {
                    $0.text = Self.tlsPortal(port: portal.port, authorities: chain.rootFile)
                }
                let shown = try await observe(
                    site,
                    until: "SELECT count(*) FROM stream WHERE state = 'unreachable'"
                )
                // The remedy: the issuing CA, in a folder with the root.
                let folder = site.folder.path("authorities")
                try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
                for (file, name) in [(chain.rootDERFile, "root.der"), (chain.issuingFile, "issuing.pem")] {
                    try FileManager.default.copyItem(atPath: file, toPath: "\(folder)/\(name)")
                }
                try site.configure { $0.text = Self.tlsPortal(port: portal.port, authorities: folder) }
                let after = try await site.spool("doctor")
                guard after.code == 0, after.output.contains("ok       portal certificate") else {
                    throw HarnessFailure("the remedy does not help: \(after)")
                }
                return shown
            }
        }
    }

    private static func tlsPortal(port: Int, authorities: String) -> String {
        """
        spool: { path: FOLDER/spool.db }
        sources:
          - name: tenant
            type: defender-cloud-apps
            url: https://localhost:\(port)
            auth: { token: file:FOLDER/token }
            tls: { ca_file: \(authorities) }
        sinks: []
        status: { listen: none }

        """
    }

    private func cut() async throws -> [String: String] {
        try await Site.run(.busy(history: 500)) { site in
            var configuration = ReceiverConfiguration.keeping()
            configuration.ending = .reset(afterBytes: 4)
            let receiver = try await site.receiver(configuration)
            try site.configure { $0.sinks = [.init("siem", port: receiver.port)] }
            return try await observe(site, until: Self.raised("Data server send error"))
        }
    }

    private func nameless() async throws -> [String: String] {
        try await Site.run(.busy(history: 20)) { site in
            try site.configure {
                $0.sinks = [.init("siem", "siem.invalid:514")]
                $0.groups["notifications"] = "{ connection_error_after: 1s, disconnected_after: 1h }"
            }
            return try await observe(site, until: Self.raised("Data server connection error"))
        }
    }

    private func away() async throws -> [String: String] {
        try await Site.run(.busy(history: 20)) { site in
            let receiver = try await site.receiver()
            await receiver.stop()
            try site.configure {
                $0.sinks = [.init("siem", port: receiver.port)]
                $0.groups["notifications"] = "{ connection_error_after: 1s, disconnected_after: 1s }"
            }
            return try await observe(site, until: Self.raised("SIEM agent error"))
        }
    }

    /// A webhook that is down, and a notification to send: a refused token.
    private func deafPager() async throws -> [String: String] {
        try await Site.run(.busy(history: 20)) { site in
            site.simulator.setCredentials(Credentials(tokens: ["another"]))
            let hook = try await site.receiver()
            await hook.stop()
            try site.configure {
                $0.text = """
                    spool: { path: FOLDER/spool.db }
                    sources:
                      - name: tenant
                        type: defender-cloud-apps
                        url: PORTAL
                        auth: { token: "file:FOLDER/token" }
                    sinks:
                      - { name: pager, type: webhook, url: "http://127.0.0.1:\(hook.port)/hook" }
                    notifications: { connection_error_after: 1s, disconnected_after: 1h }
                    status: { listen: none }

                    """
            }
            return try await observe(site, until: Self.raised("SIEM agent notification error"))
        }
    }

    private func criticalErrors() async throws -> [String: String] {
        try await Site.run(.busy(history: 20)) { site in
            let receiver = try await site.receiver()
            await receiver.stop()
            try site.configure {
                $0.sinks = [.init("siem", port: receiver.port)]
                $0.groups["notifications"] = "{ too_many_critical_errors: 2 }"
            }
            let daemon = site.launch()
            guard try await daemon.exit(within: .seconds(90)) == .exited(6) else {
                throw HarnessFailure("it did not shut down with 6:\n\(daemon.lastLines)")
            }
            return ["spool run": daemon.lines(.errors).joined(separator: "\n")]
        }
    }

    private static func raised(_ code: String) -> String {
        "SELECT count(*) FROM notification WHERE code = '\(code)' AND cleared_ms IS NULL"
    }

    /// The SIEM moves to another address; the old one is down, and the new one receives everything.
    private func moved() async throws -> [String: String] {
        try await Site.run(.busy(history: 200)) { site in
            let old = try await site.receiver()
            try site.configure { $0.sinks = [.init("siem", port: old.port)] }
            let first = try await site.daemon()
            try await site.fetchAll()
            try await site.drain("siem")
            try await first.terminate()
            await old.stop()
            site.simulator.insert(
                (0..<50).map { .init(id: "moved-\($0)", created: site.simulator.clock.nowMs) },
                into: .activities
            )
            let shown = try await observe(site, until: Self.failing)

            let new = try await site.receiver()
            let daemon = try await site.daemon()
            try site.configure { $0.sinks = [.init("siem", port: new.port)] }
            try daemon.send(.terminalClosed)
            try await new.await(ids: 50)
            let visible = try await site.fetchAll()
            try await site.drain("siem")
            try await daemon.terminate()
            let both = Set(old.ids.keys).union(new.ids.keys)
            guard both == visible, new.counts.duplicates == 0 else {
                throw HarnessFailure("\(visible.subtracting(both).count) are missing after the move")
            }
            return shown
        }
    }
}
