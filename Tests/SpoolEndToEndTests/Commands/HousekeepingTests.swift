import Foundation
import SpoolReceiver
import SpoolSimulator
import SpoolTestSupport
import Subprocess
import Testing

@Suite("spool prune and spool backup, with and without a daemon", .daemons)
struct HousekeepingTests {
    struct Pruned: Decodable {
        struct Stream: Decodable { let events: Int }
        let streams: [Stream]
        var events: Int { streams.reduce(0) { $0 + $1.events } }
    }
    struct Forgotten: Decodable {
        let forgotten: String?
        let events: Int
    }
    struct Backup: Decodable {
        let file: String
        let events: Int
        let last_seq: Int64
    }

    @Test("a backup is complete, opens as a spool and never overwrites a file", arguments: [true, false])
    func backup(_ hasDaemon: Bool) async throws {
        try await Site.run(.busy(history: 400, rate: hasDaemon ? 20 : 0)) { site in
            let siem = try await site.receiver()
            try site.configure { $0.sinks = [.init("siem", port: siem.port)] }
            let daemon = try await site.daemon()
            try await eventually("the history is in the spool") {
                try await site.number("SELECT count(*) FROM event") >= 400
            }
            if !hasDaemon {
                try await site.drain("siem")
                try await daemon.terminate()
            }
            let file = site.folder.path("backup.db")

            let made = try await site.spool("backup", "--to", file, "--json")
            let again = try await site.spool("backup", "--to", file)
            let nowhere = try await site.spool("backup", "--to", "/nonexistent/backup.db")
            if hasDaemon { try await daemon.terminate() }

            let report = try JSONDecoder().decode(Backup.self, from: Data(made.output.utf8))
            let check = try await Child.answer(
                "sqlite3",
                [
                    "-readonly", file,
                    "PRAGMA integrity_check; SELECT count(*), max(seq) FROM event; "
                        + "SELECT sum(kept) FROM stream",
                ]
            )
            #expect(made.code == 0 && report.file == file, "\(made)")
            #expect(check.output == "ok\n\(report.events)|\(report.last_seq)\n\(report.events)", "\(check)")
            #expect(report.events >= 400)
            #expect(again.code == 2 && again.errors.contains("a backup never overwrites a file"), "\(again)")
            #expect(nowhere.code == 4 && nowhere.errors.contains("/nonexistent/backup.db"), "\(nowhere)")
            #expect(!FileManager.default.fileExists(atPath: file + ".partial"))
        }
    }

    @Test("a restored backup continues: events it does not know as sent are sent again, and none is missing")
    func restored() async throws {
        try await Site.run(.busy(history: 200)) { site in
            let siem = try await site.receiver()
            let before = try await site.deliverAll(to: [.init("siem", port: siem.port)])
            let file = site.folder.path("backup.db")
            let made = try await site.spool("backup", "--to", file)
            site.simulator.insert(
                [SimulatedRecord(id: "after-the-backup", created: site.simulator.clock.nowMs)],
                into: .activities
            )
            try await site.deliverAll(to: [.init("siem", port: siem.port)])

            for suffix in ["", "-wal", "-shm"] {
                try? FileManager.default.removeItem(atPath: site.spoolPath + suffix)
            }
            try FileManager.default.moveItem(atPath: file, toPath: site.spoolPath)
            let after = try await site.deliverAll(to: [.init("siem", port: siem.port)])

            #expect(made.code == 0, "\(made)")
            #expect(after == before.union(["after-the-backup"]))
            #expect(Set(siem.ids.keys) == after)
            #expect(siem.ids["after-the-backup"] == 2)
            #expect(try await site.number("SELECT count(*) FROM event") == after.count)
        }
    }

    @Test(
        "runs retention after a dry run; without a daemon it queries the portal for its time",
        arguments: [true, false]
    )
    func prune(_ hasDaemon: Bool) async throws {
        try await Site.run(.busy(history: 400)) { site in
            let siem = try await site.receiver()
            try site.configure {
                $0.spoolKeys["retention"] = "{ age: 1d }"
                $0.alerts = "{ start: 3d, look_back: 1h, sweep: 500ms }"
            }
            try await site.deliverAll(to: [.init("siem", port: siem.port)])
            let daemon = hasDaemon ? try await site.daemon() : nil
            if hasDaemon {
                try await eventually("the source's time is known") {
                    try await pruned(site, "--dry-run").events > 0
                }
            }
            let total = try await site.number("SELECT count(*) FROM event")

            let would = try await pruned(site, "--dry-run")
            let afterTrial = try await site.number("SELECT count(*) FROM event")
            let did = try await pruned(site)
            try await daemon?.terminate()

            #expect(afterTrial == total)
            #expect(would.events > 50 && did.events == would.events)
            #expect(try await site.number("SELECT count(*) FROM event") == total - did.events)

            // New events reach the sink, and deleted ones are not sent again.
            let next = SimulatedRecord(id: "after-retention", created: site.simulator.clock.nowMs)
            site.simulator.insert([next], into: .activities)
            let last = try await site.daemon()
            try await siem.await(ids: total + 1)
            #expect(try await last.terminate() == .exited(0))
            #expect(siem.ids["after-retention"] == 1)
            #expect(siem.ids.values.allSatisfy { $0 == 1 })
        }
    }

    @Test("a sink that is no longer configured can be forgotten, a configured one cannot")
    func forget() async throws {
        try await Site.run(.busy(history: 30)) { site in
            let siem = try await site.receiver()
            try await site.deliverAll(to: ["one", "two", "three"].map { .init($0, port: siem.port) })

            let early = try await site.spool("prune", "--forget", "two")
            try site.configure { $0.sinks.removeLast(2) }
            let left = try await site.spool("prune", "--forget", "two")
            let json = try await site.spool("prune", "--forget", "three", "--json")
            let again = try await site.spool("prune", "--forget", "two", "--yes")

            #expect(
                early.code == 2 && early.errors.contains("The sink two is still configured"),
                "\(early)"
            )
            #expect(left.code == 0 && left.output.contains("two was forgotten"), "\(left)")
            #expect(again.code == 2, "\(again)")
            let forgotten = try JSONDecoder().decode(Forgotten.self, from: Data(json.output.utf8))
            #expect(forgotten.forgotten == "three" && forgotten.events == 0, "\(json)")
            #expect(try await site.number("SELECT count(*) FROM subscription") == 2)
        }
    }

    @Test(
        "a stream can be forgotten while its backlog waits: the daemon runs on and sends only other events"
    )
    func forgetStream() async throws {
        try await Site.run(.busy(history: 300)) { site in
            let siem = try await site.receiver()
            await siem.stop()
            try site.configure { $0.sinks = [.init("siem", port: siem.port)] }
            let daemon = try await site.daemon()
            try await site.fetchAll()
            let (activities, alerts) = (
                site.simulator.visibleIDs(.activities), site.simulator.visibleIDs(.alerts)
            )
            try site.configure {
                $0.sinks[0].streams = ["tenant/activities"]
                let both = $0.yaml(folder: "FOLDER", url: "PORTAL")
                $0.text = both.replacing("      alerts: \($0.alerts)\n", with: "")
            }
            try daemon.send(.terminalClosed)
            try await daemon.waitUntil("has reloaded") { $0.contains { $0.isLog("configuration reloaded") } }
            // Between two failed attempts the sink's loop reads its backlog, which still includes the removed
            // stream.
            let failed = try await site.number("SELECT failures FROM sink")
            try await eventually("the sink's loop has its lanes") {
                try await site.number("SELECT failures FROM sink") >= failed + 2
            }
            let waiting = try await site.waiting("siem")

            let forgotten = try await site.spool("prune", "--forget", "tenant/alerts", "--yes")
            try await siem.listenAgain()
            try await siem.await(ids: activities.count)
            try await site.drain("siem")
            site.simulator.insert(
                [SimulatedRecord(id: "after", created: site.simulator.clock.nowMs)],
                into: .activities
            )
            try await siem.await(ids: activities.count + 1)
            let end = try await daemon.terminate()

            #expect(!alerts.isEmpty && waiting == activities.count + alerts.count)
            #expect(forgotten.code == 0, "\(forgotten)")
            #expect(Set(siem.ids.keys) == activities.union(["after"]))
            #expect(end == .exited(0), "\(daemon.lastLines)")
        }
    }

    @Test("retention observes the configured size without a daemon, too")
    func pruneBySize() async throws {
        try await Site.run(.busy(history: 1_500)) { site in
            let siem = try await site.receiver()
            try await site.deliverAll(to: [.init("siem", port: siem.port)])
            let whole = try await pruned(site)

            try site.configure { $0.spoolKeys["retention"] = "{ max_size: 1MiB }" }
            let small = try await pruned(site)

            #expect(whole.events == 0 && small.events > 100)
        }
    }

    @Test("without the portal's time nothing is deleted, with exit code 3")
    func withoutTime() async throws {
        try await Site.run(.busy(history: 30)) { site in
            let siem = try await site.receiver()
            try await site.deliverAll(to: [.init("siem", port: siem.port)])
            await site.simulator.stop()

            let answer = try await site.spool("prune")

            #expect(answer.code == 3 && answer.errors.contains("source's clock"), "\(answer)")
        }
    }

    private func pruned(_ site: Site, _ options: String...) async throws -> Pruned {
        let answer = try await Child.answer(
            BuiltProduct.spool,
            ["prune", "--json", "--config", site.configurationPath] + options
        )
        #expect(answer.code == 0, "\(answer)")
        return try JSONDecoder().decode(Pruned.self, from: Data(answer.output.utf8))
    }
}
