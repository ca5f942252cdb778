import Foundation
import SpoolReceiver
import SpoolSimulator
import SpoolTestSupport
import Subprocess
import Testing

#if canImport(Glibc)
    import Glibc
#endif

@Suite("a forgotten reader", .daemons)
struct ForgottenReaderTests {
    @Test(
        "a transaction left open in a sqlite3 shell stops nothing; the log grows, and status shows its size"
    )
    func forgotten() async throws {
        try await Site.run(.busy(history: 200)) { site in
            let receiver = try await site.receiver()
            try site.configure { $0.sinks = [.init("siem", port: receiver.port)] }
            let daemon = try await site.daemon()
            try await site.fetchAll()
            // It waits for commands from the pipe, with its transaction open.
            let pipe = site.folder.path("commands")
            try #require(mkfifo(pipe, 0o600) == 0)
            let reader = site.start(
                "sqlite3",
                "stdbuf",
                [
                    "-oL", "sqlite3", "-readonly", "-cmd", "BEGIN", "-cmd",
                    "SELECT 'events', count(*) FROM event",
                ]
                    + ["-cmd", ".read \(pipe)", site.spoolPath, "SELECT 1"]
            )
            try await reader.waitUntil("has its snapshot") { $0.contains { $0.hasPrefix("events|") } }
            let before = try Self.logSize(site)

            site.simulator.setRate(activitiesPerSecond: 1_000)
            try await eventually("the log has outgrown what a checkpoint leaves") {
                try Self.logSize(site) > max(before, 12 << 20)
            }
            let visible = try await site.fetchAll()
            try await site.drain("siem")

            let json = try await site.spool("status", "--json")
            let told = try JSONDecoder().decode(Report.self, from: Data(json.output.utf8)).spool.wal_bytes
            #expect(told >= 12 << 20)
            #expect(Set(receiver.ids.keys) == visible)
            #expect(receiver.counts.duplicates == 0)
            #expect(try await daemon.terminate() == .exited(0))
            try await Accounts(site: site).check()
        }
    }

    private struct Report: Decodable {
        struct Spool: Decodable { let wal_bytes: Int }
        let spool: Spool
    }

    private static func logSize(_ site: Site) throws -> Int {
        let facts = try FileManager.default.attributesOfItem(atPath: site.spoolPath + "-wal")
        return facts[.size] as? Int ?? 0
    }
}
