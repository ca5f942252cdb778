import SpoolReceiver
import SpoolSimulator
import SpoolTestSupport
import Subprocess
import Testing

/// Checks ask the daemon before they connect to a receiver, because some receivers accept only one
/// connection.
@Suite("checks beside a daemon", .daemons)
struct ServedSinkTests {
    @Test(
        "check --connect and doctor skip a sink that the daemon is connected to, unless --probe is given"
    )
    func asksDaemon() async throws {
        try await Site.run(.busy(history: 20)) { site in
            let siem = try await site.receiver()
            try site.configure { $0.sinks = [.init("siem", port: siem.port)] }
            let daemon = try await site.daemon()
            try await site.fetchAll()
            try await site.drain("siem")

            let check = try await site.spool("check", "--connect")
            let doctor = try await site.spool("doctor")
            let before = siem.counts.connectionsOpened
            let probed = try await site.spool("check", "--connect", "--probe")
            try site.configure { $0.sinks[0].keys["max_message_bytes"] = "4096" }
            let changed = try await site.spool("check", "--connect")
            try await daemon.terminate()
            let alone = try await site.spool("check", "--connect")

            #expect(
                check.output.contains(
                    "ok  sink siem: the daemon is connected to tcp://127.0.0.1:\(siem.port), last settled"
                )
            )
            #expect(
                doctor.output.contains("connection: the daemon is connected to tcp://127.0.0.1:\(siem.port)")
            )
            #expect(before == 1)
            for answer in [probed, changed, alone] {
                #expect(answer.output.contains("ok  sink siem: connects to"), "\(answer)")
            }
            #expect(siem.counts.connectionsOpened == 4)
            #expect([check, probed, changed, alone].allSatisfy { $0.code == 0 })
        }
    }

    @Test("checks connect to a sink that the daemon cannot reach, and report its error")
    func trouble() async throws {
        try await Site.run(.busy(history: 1)) { site in
            let port = try Ports.free()
            try site.configure { $0.sinks = [.init("siem", port: port)] }
            let daemon = try await site.daemon()
            try await daemon.waitUntil("fails") { $0.contains { $0.isLog("delivery failed") } }

            let check = try await site.spool("check", "--connect")

            #expect(check.code == 3 && check.output.contains("FAILED  sink siem: "), "\(check)")
        }
    }
}
