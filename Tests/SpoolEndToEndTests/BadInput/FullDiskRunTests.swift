import Foundation
import SpoolReceiver
import SpoolSimulator
import SpoolTestSupport
import Subprocess
import Testing

@Suite("a full disk", .daemons, .enabled(if: SmallDisk.isPossible, SmallDisk.why))
struct FullDiskRunTests {
    @Test(
        "fetching stops with one message in status; delivery continues, frees space and loses no event",
        .timeLimit(.minutes(30))
    )
    func fills() async throws {
        try await Site.run(.busy(history: 0, rate: 40)) { site in
            let disk = try SmallDisk(over: site.folder.path, bytes: 24 << 20)
            defer { disk.leave() }
            try site.folder.write(Credentials.defaultToken, to: "token")
            let receiver = try await site.receiver()
            await receiver.stop()
            try site.configure {
                $0.sinks = [.init("siem", port: receiver.port)]
                $0.activities = "{ start: 3d, look_back: 2s, sweep: 500ms, page_limit: 100 }"
            }
            // Alerts stay small: those of the two days that sweeps read again are kept even if the disk is
            // full.
            site.simulator.addFault(.bloated(bytesPerRecord: 12_000), on: [.activities], .always)
            let daemon = try await site.daemon()
            try await daemon.waitUntil("reports that the disk is full", within: .seconds(120)) { lines in
                lines.contains { $0.isLog("notification raised") && $0.contains("Disk full") }
            }
            site.simulator.setRate(activitiesPerSecond: 0)
            let requests = site.simulator.requests.requests(for: .activities).count

            let status = try await site.spool("status")
            let json = try await site.spool("status", "--json")
            #expect(status.output.contains("FETCHING PAUSED"), "\(status)")
            #expect(json.output.contains("\"paused\" : \""), "\(json)")
            let spooled = try await site.number("SELECT count(*) FROM event")
            #expect(try await site.waiting("siem") == spooled)
            #expect(spooled > 500)
            #expect(site.visible.count > spooled)

            let told = daemon.lines(.errors).count {
                $0.isLog("notification raised") && $0.contains("Disk full")
            }
            #expect(told == 1)

            try await receiver.listenAgain()
            try await site.drain("siem")
            try await daemon.waitUntil("fetches again", within: .seconds(60)) { lines in
                lines.contains { $0.isLog("notification cleared") && $0.contains("Disk full") }
            }
            let visible = site.visible
            try await receiver.await(ids: visible.count)
            try await site.drain("siem")

            #expect(site.simulator.requests.requests(for: .activities).count > requests)
            #expect(Set(receiver.ids.keys) == visible)
            #expect(try await daemon.terminate() == .exited(0))
        }
    }

    @Test(
        "a history larger than the disk is fetched window by window, sent events are deleted, and all arrive",
        .timeLimit(.minutes(30))
    )
    func pastLargerThanTheDisk() async throws {
        try await Site.run(.busy(history: 4_000, rate: 0)) { site in
            let disk = try SmallDisk(over: site.folder.path, bytes: 24 << 20)
            defer { disk.leave() }
            try site.folder.write(Credentials.defaultToken, to: "token")
            let receiver = try await site.receiver()
            // A page is far smaller than the disk, as in real installations.
            try site.configure {
                $0.sinks = [.init("siem", port: receiver.port)]
                $0.activities = "{ start: 3d, look_back: 2s, sweep: 500ms, page_limit: 100 }"
            }
            site.simulator.addFault(.bloated(bytesPerRecord: 12_000), on: [.activities], .always)
            let daemon = try await site.daemon()

            let visible = site.visible
            #expect(visible.count * 12_000 > 24 << 20)
            try await receiver.await(ids: visible.count)
            try await site.drain("siem")

            #expect(Set(receiver.ids.keys) == visible)
            #expect(try await site.number("SELECT count(*) FROM event") < visible.count)
            #expect(try await daemon.terminate() == .exited(0))
        }
    }

    @Test("a disk so full that even the reserve does not help: exit code 4 and one message")
    func fullAtStart() async throws {
        try await Site.run(.busy(history: 10)) { site in
            let disk = try SmallDisk(over: site.folder.path, bytes: 2 << 20)
            defer { disk.leave() }
            try site.folder.write(Credentials.defaultToken, to: "token")
            try site.configure { $0.sinks = [.init("siem", port: 9)] }
            let filler = site.folder.path("filler")
            _ = FileManager.default.createFile(atPath: filler, contents: nil)
            let handle = try #require(FileHandle(forWritingAtPath: filler))
            // Fills the disk until not even one more page fits.
            while (try? handle.write(contentsOf: Data(count: 4_096))) != nil {}

            let run = try await site.spool("run")

            #expect(run.code == 4, "\(run)")
            #expect(run.errors.contains("full") || run.errors.contains("No space left"), "\(run)")
            #expect(run.errors.split(separator: "\n").count == 1, "\(run)")
        }
    }
}
