import SpoolSimulator
import SpoolTestSupport
import Subprocess
import Testing

@Suite("too many critical errors", .daemons)
struct CriticalErrorsRunTests {
    private func text(_ siem: Int, _ errors: String) -> String {
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
        notifications: { too_many_critical_errors: \(errors) }
        status: { listen: none }
        """
    }

    @Test("stop the daemon cleanly with exit code 6 if configured, and report subject and cause")
    func ends() async throws {
        try await Site.run(.busy(history: 30)) { site in
            let siem = try Ports.free()
            try site.configure { $0.text = text(siem, "3") }

            let daemon = site.launch()
            let status = try await daemon.exit(within: .seconds(90))

            #expect(status == .exited(6))
            let last = daemon.lines(.errors).last ?? ""
            #expect(
                last.hasPrefix("spool: Too many critical errors: sink siem failed 3 times in a row"),
                "\(last)"
            )
            #expect(last.contains("127.0.0.1:\(siem)") && last.contains("nothing is lost"), "\(last)")
            // The spool was closed cleanly.
            #expect(try await site.number("SELECT count(*) FROM run WHERE ended_ms IS NULL") == 0)
        }
    }

    @Test("never stop the daemon by default")
    func neverByDefault() async throws {
        try await Site.run(.busy(history: 30)) { site in
            let siem = try Ports.free()
            try site.configure { $0.text = text(siem, "never") }

            let daemon = try await site.daemon()
            try await eventually("it has failed four times") {
                try await site.number("SELECT attempts FROM sink") >= 4
            }

            #expect(daemon.isRunning)
            #expect(try await daemon.terminate() == .exited(0))
        }
    }
}
