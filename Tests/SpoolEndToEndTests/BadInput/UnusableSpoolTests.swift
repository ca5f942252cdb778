import Foundation
import SpoolReceiver
import SpoolSimulator
import SpoolTestSupport
import Subprocess
import Testing

@Suite("spools that cannot be used", .daemons)
struct UnusableSpoolTests {
    @Test("a newer schema, or another program's database: exit code 4, file unchanged")
    func foreign() async throws {
        try await Self.withSpool { site in
            // With the copy of the state, a file like this counts as a damaged spool.
            try FileManager.default.removeItem(atPath: site.spoolPath + ".state")
            let whole = try Data(contentsOf: URL(fileURLWithPath: site.spoolPath))

            var newer = whole
            newer.replaceSubrange(60..<64, with: [0, 0, 0, 99])
            try await Self.expectRefusal(site, newer, "newer version of this program (schema 99")

            try FileManager.default.removeItem(atPath: site.spoolPath)
            let other = Data(String(repeating: "no spool\n", count: 1_000).utf8)
            try await Self.expectRefusal(site, other, "is damaged or not a spool")
        }
    }

    @Test("a read-only folder: exit code 4 and a remedy", .enabled(if: SmallDisk.isPossible, SmallDisk.why))
    func readOnly() async throws {
        try await Self.withSpool { site in
            let disk = try SmallDisk(binding: site.folder.path)
            defer { disk.leave() }

            let run = try await site.spool("run")

            #expect(run.code == 4, "\(run)")
            #expect(run.errors.contains("Read-only file system"), "\(run)")
            #expect(run.errors.contains("give this user write access"), "\(run)")
            #expect(run.errors.split(separator: "\n").count == 1)
        }
    }

    @Test("a second daemon: exit code 4, and the first one is named")
    func second() async throws {
        try await Self.withSpool { site in
            let first = try await site.daemon()
            let pid = try #require(first.processID)

            let second = try await site.spool("run")

            #expect(second.code == 4, "\(second)")
            #expect(second.errors.contains("\(pid) (spool run)"), "\(second)")
            #expect(try await first.terminate() == .exited(0))
        }
    }

    /// A site whose daemon has run once and stopped cleanly.
    private static func withSpool(_ body: (Site) async throws -> Void) async throws {
        try await Site.run(.busy(history: 100)) { site in
            let receiver = try await site.receiver()
            try site.configure { $0.sinks = [.init("siem", port: receiver.port)] }
            let daemon = try await site.daemon()
            try await site.fetchAll()
            try await site.drain("siem")
            #expect(try await daemon.terminate() == .exited(0))
            try await body(site)
        }
    }

    private static func expectRefusal(_ site: Site, _ bytes: Data, _ says: String) async throws {
        let file = URL(fileURLWithPath: site.spoolPath)
        try bytes.write(to: file)

        for command in ["run", "status"] {
            let answer = try await site.spool(command)

            #expect(answer.code == 4, "\(command): \(answer)")
            #expect(answer.errors.contains(says), "\(command): \(answer)")
            #expect(answer.errors.contains(site.spoolPath), "\(command): \(answer)")
            // Other lines belong to the log; only one contains the message.
            #expect(answer.errors.split(separator: "\n").count { $0.contains(says) } == 1, "\(answer)")
        }
        #expect(try Data(contentsOf: file) == bytes)
    }
}
