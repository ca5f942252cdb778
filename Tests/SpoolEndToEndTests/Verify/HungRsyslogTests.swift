import Foundation
import SpoolSimulator
import SpoolTestSupport
import Subprocess
import Testing

@Suite("A real rsyslog that hangs and is killed", .daemons)
struct HungRsyslogTests {
    @Test("is reported; verify lists all lost events, and after its repair rsyslog's file is complete")
    func hangs() async throws {
        try await Site.run(.busy(history: 40)) { site in
            let peer = try await Rsyslog.start(.tcp, at: site)
            try site.configure { $0.sinks = [.init("siem", port: peer.port, ["reopen_after": "1s"])] }
            let daemon = try await site.daemon()
            let before = try await site.fetchAll()
            try await site.drain("siem")
            try await peer.waitFor(lines: before.count)

            try peer.child.send(.suspend)
            let now = site.simulator.clock.nowMs
            let during = (0..<25).map { "hang-\($0)" }
            site.simulator.insert(
                during.map { SimulatedRecord(id: $0, created: now, timestamp: now) },
                into: .activities
            )
            try await eventually("the hang is reported") {
                try await site.number(
                    "SELECT count(*) FROM notification WHERE code = 'Delivery not proved' AND cleared_ms IS "
                        + "NULL"
                ) == 1
            }
            try await site.drain("siem")
            try await peer.child.kill()
            let lost = Set(during).subtracting(try Self.ids(peer))
            let next = try await Rsyslog.start(.tcp, at: site)
            try site.configure { $0.sinks = [.init("siem", port: next.port, ["reopen_after": "1s"])] }
            try daemon.send(.terminalClosed)
            try await daemon.waitUntil("has reloaded") { $0.contains { $0.isLog("configuration reloaded") } }
            let window = AgeWindow(hours: 70, to: 0, before: now + 1_000)

            let found = try await site.verify(window, "--repair")
            try await eventually("everything is in rsyslog's file") {
                try Self.ids(next).isSuperset(of: before.union(during))
            }
            try await eventually("the replays of the repair have ended") {
                try await site.number("SELECT count(*) FROM replay WHERE state <> 'disabled'") == 0
            }
            let last = try await site.verify(window)

            #expect(lost == Set(during))
            #expect(found.code == 1 && found.names(.doubtful, at: "siem").isSuperset(of: lost))
            #expect(
                last.code == 0 && last.report.complete && last.report.missing == 0,
                "\(last.report.shortfalls)"
            )
            #expect(try await daemon.terminate() == .exited(0))
        }
    }

    private static func ids(_ peer: Peer) throws -> Set<String> {
        Set(try peer.seen().compactMap { $0.raw.firstMatch(of: /externalId=(\S+)/).map { String($0.1) } })
    }
}
