import Foundation
import SpoolReceiver
import SpoolSimulator
import SpoolTestSupport
import Subprocess
import Testing

@Suite("spool verify lists exactly the missing events, and --repair recovers them", .daemons)
struct VerifyTests {
    private static let activities = "tenant/activities"

    @Test(
        "events hidden until after the sweep, refused, or waiting are listed by cause and then repaired"
    )
    func everyCause() async throws {
        try await Site.run(.busy(history: 1_200)) { site in
            let siem = try await site.receiver()
            let down = try await site.receiver()
            await down.stop()
            let now = site.simulator.clock.nowMs
            let tooLong = (0..<5).map { "long-\($0)-" + String(repeating: "x", count: 600) }
            site.insert(tooLong, at: now - 2 * 3_600_000)
            try site.configure {
                $0.sinks = [
                    .init("siem", port: siem.port, ["max_message_bytes": "1024"]),
                    .init("down", port: down.port),
                ]
            }
            let daemon = try await site.daemon()
            try await site.drain("siem")
            try await eventually("the refused events are dead letters") {
                try await site.number("SELECT count(*) FROM dead_letters WHERE sink = 'siem'")
                    == tooLong.count
            }
            // The portal shows these only now, long after polls and sweeps have read their time.
            let hidden = (0..<7).map { "hidden-\($0)" }
            site.insert(hidden, at: now - 3_600_000)
            let window = AgeWindow(hours: 70, to: 0.25, before: now)

            let first = try await site.verify(window)

            let truth = site.truth(window)
            #expect(first.code == 1)
            #expect(first.names(.neverFetched) == Set(hidden))
            #expect(first.names(.deadLetter, at: "siem") == Set(tooLong))
            #expect(first.names(.unsettled, at: "siem").isEmpty)
            #expect(first.names(.unsettled, at: "down") == truth.subtracting(hidden))
            #expect(first.report.events == truth.count)
            #expect(first.report.missing == tooLong.count + truth.count)
            #expect(truth.subtracting(siem.ids.keys) == Set(hidden + tooLong))

            // The sink accepts them now, and the other sink is up again.
            try site.configure { $0.sinks[0].keys["max_message_bytes"] = "8096" }
            try daemon.send(.terminalClosed)
            try await daemon.waitUntil("has reloaded") { $0.contains { $0.isLog("configuration reloaded") } }
            let repair = try await site.verify(window, "--repair")
            try await down.listenAgain()
            try await eventually("the replay of the dead letters ends") {
                try await site.number("SELECT count(*) FROM replay WHERE state = 'disabled'") == 1
            }
            try await site.drain("siem")
            try await site.drain("down")
            let report = site.folder.path("proof.txt")
            let last = try await site.verify(window, "--report", report)

            #expect(repair.code == 1)
            #expect(repair.report.proof.streams.reduce(0) { $0 + $1.fetched } == hidden.count)
            #expect(try await site.number("SELECT total FROM replay") == tooLong.count)
            #expect(last.code == 0, "\(last.report)")
            #expect(last.report.missing == 0 && last.report.events == truth.count && last.report.complete)
            #expect(truth.isSubset(of: siem.ids.keys) && truth.isSubset(of: down.ids.keys))
            #expect(siem.counts.duplicates == 0)
            try await site.expectHashes(in: report + ".json", of: window)
            let status = try await site.spool("status")
            #expect(status.output.contains("proof   ") && status.output.contains(" up to "), "\(status)")
            #expect(status.output.contains("events, 0 missing"), "\(status)")
        }
    }

    @Test("without a daemon the command itself reads, compares and repairs")
    func direct() async throws {
        try await Site.run(.busy(history: 600)) { site in
            let siem = try await site.receiver()
            let now = site.simulator.clock.nowMs
            try site.configure { $0.sinks = [.init("siem", port: siem.port)] }
            let daemon = try await site.daemon()
            try await site.fetchAll()
            try await site.drain("siem")
            try await daemon.terminate()
            let hidden = ["hidden-1", "hidden-2"]
            site.insert(hidden, at: now - 3_600_000)
            let window = AgeWindow(hours: 70, to: 0.25, before: now)

            let found = try await site.verify(window, "--repair")
            let after = try await site.verify(window)
            let again = try await site.daemon()
            try await site.drain("siem")
            try await again.terminate()
            let last = try await site.verify(window)

            #expect(found.code == 1 && found.names(.neverFetched) == Set(hidden))
            #expect(after.code == 1 && after.names(.neverFetched).isEmpty)
            #expect(after.names(.unsettled, at: "siem") == Set(hidden))
            #expect(last.code == 0 && last.report.complete)
            #expect(Set(hidden).isSubset(of: siem.ids.keys))
            #expect(siem.counts.duplicates == 0)
        }
    }

    @Test(
        "an unfinished window is not provable yet, and an unreachable source ends with exit code 3"
    )
    func tooEarly() async throws {
        try await Site.run(.busy(history: 200)) { site in
            let siem = try await site.receiver()
            try site.configure { $0.sinks = [.init("siem", port: siem.port)] }
            let daemon = try await site.daemon()
            try await site.fetchAll()
            try await site.drain("siem")
            try await daemon.terminate()
            let window = AgeWindow(hours: 200, to: -5, before: site.simulator.clock.nowMs)

            let early = try await site.verify(window)
            try site.folder.write("another-token", to: "token")
            let denied = try await site.spool("verify", "--from", window.fromText, "--to", window.toText)
            let wrong = try await site.spool(
                "verify",
                "--from",
                "1d",
                "--to",
                "2h",
                "--stream",
                "tenant/alert"
            )

            let before = AgeWindow(hours: 200, to: 150, before: site.simulator.clock.nowMs)
            let nothing = try await site.spool("verify", "--from", before.fromText, "--to", before.toText)

            #expect(early.code == 0 && !early.report.complete && early.report.missing == 0)
            #expect(early.report.proof.streams.allSatisfy { $0.too_early_from_ms != nil })
            #expect(nothing.code == 1 && nothing.output.contains("the stream starts later"), "\(nothing)")
            #expect(nothing.errors.contains("it ends before the streams start"), "\(nothing)")
            #expect(denied.code == 3 && denied.errors.contains(" failed: "), "\(denied)")
            #expect(wrong.code == 2 && wrong.errors.contains("did you mean tenant/alerts?"), "\(wrong)")
        }
    }
}

/// The exit code and output of `spool verify --json`.
struct VerifyAnswer: Sendable {
    struct Report: Decodable, Sendable {
        struct Stream: Decodable, Sendable {
            struct List: Decodable, Sendable {
                let count: Int
                let sha256: String
            }

            let name: String
            let basis: String
            let fetched: Int
            let source: List
            let spool: List
            let too_early_from_ms: Int64?
        }

        struct Proof: Decodable, Sendable { let streams: [Stream] }

        struct Missing: Decodable, Sendable {
            let stream: String
            let sink: String?
            let cause: String
            let id: String
        }

        let proof: Proof
        let events: Int
        let missing: Int
        let complete: Bool
        let shortfalls: [String]
        let missing_events: [Missing]
    }

    enum Cause: String {
        case neverFetched = "never-fetched"
        case unsettled
        case deadLetter = "dead-letter"
        case doubtful
    }

    let code: Int?
    let report: Report

    func names(_ cause: Cause, at sink: String? = nil) -> Set<String> {
        Set(report.missing_events.filter { $0.cause == cause.rawValue && $0.sink == sink }.map(\.id))
    }
}

extension Site {
    func verify(_ window: AgeWindow, _ options: String...) async throws -> VerifyAnswer {
        let answer = try await Child.answer(
            BuildFolder.path + "/spool",
            [
                "verify", "--config", configurationPath, "--from", window.fromText, "--to", window.toText,
                "--json",
            ] + options
        )
        guard let report = try? JSONDecoder().decode(VerifyAnswer.Report.self, from: Data(answer.output.utf8))
        else { throw HarnessFailure("spool verify: \(answer)") }
        return VerifyAnswer(code: answer.code, report: report)
    }

    /// Adds activities with these ids to the portal, all with the same time and visible immediately.
    fileprivate func insert(_ ids: [String], at time: Int64) {
        simulator.insert(
            ids.map { SimulatedRecord(id: $0, created: time, timestamp: time) },
            into: .activities
        )
    }

    /// The ids that the portal shows for a window, on each stream's own basis.
    fileprivate func truth(_ window: AgeWindow) -> Set<String> {
        simulator.visibleIDs(.activities, TruthWindow(.created, fromMs: window.from, toMs: window.to))
            .union(simulator.visibleIDs(.alerts, TruthWindow(.date, fromMs: window.from, toMs: window.to)))
    }

    /// Recomputes the hashes of a report with `sqlite3` and `sha256sum`, as the page for auditors describes.
    fileprivate func expectHashes(in path: String, of window: AgeWindow) async throws {
        let data = try Data(contentsOf: URL(fileURLWithPath: path))
        let report = try JSONDecoder().decode(VerifyAnswer.Report.self, from: data)
        for stream in report.proof.streams {
            let sql =
                "SELECT id FROM events WHERE stream = '\(stream.name)' AND created_ms >= \(window.from)"
                + " AND created_ms < \(window.to) ORDER BY id"
            let answer = try await Child.answer(
                "sh",
                ["-c", "sqlite3 -readonly '\(spoolPath)' \"\(sql)\" | sha256sum"]
            )
            #expect(answer.output.hasPrefix(stream.spool.sha256), "\(stream.name): \(answer)")
            #expect(stream.source.sha256 == stream.spool.sha256)
        }
    }
}
