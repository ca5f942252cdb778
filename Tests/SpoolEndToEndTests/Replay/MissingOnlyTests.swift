import Foundation
import SpoolReceiver
import SpoolSimulator
import SpoolTestSupport
import Subprocess
import Testing

@Suite("--missing-only sends exactly the events that a sink is missing", .daemons)
struct MissingOnlyTests {
    @Test("beside live delivery it sends refused events and those from before the start; then none is left")
    func beforeStartAndDeadLetters() async throws {
        try await Site.run(.busy(history: 1_500, rate: 20)) { site in
            let siem = try await site.receiver()
            let late = try await site.receiver()
            let now = site.simulator.clock.nowMs
            try site.configure { $0.sinks = [.init("siem", port: siem.port)] }
            let daemon = try await site.daemon()
            try await site.waitForSettled(1_500, of: "siem")

            // A sink that starts in the middle of the window and accepts lines of at most 1,024 bytes.
            let start = AgeWindow.text(now - 20 * 3_600_000)
            let narrow = ["start": "\"\(start)\"", "max_message_bytes": "1024"]
            try site.configure { $0.sinks.append(.init("late", port: late.port, narrow)) }
            try daemon.send(.terminalClosed)
            try await site.waitForSettled(500, of: "late")
            let tooLarge = Self.recordsWithLongIDs(now: site.simulator.clock.nowMs)
            site.simulator.insert(tooLarge.map(\.1), into: .activities)
            try await eventually("the refused events are dead letters") {
                try await site.number("SELECT count(*) FROM dead_letters WHERE sink = 'late'")
                    == tooLarge.count
            }
            try site.configure { $0.sinks[1].keys["max_message_bytes"] = "8096" }
            try daemon.send(.terminalClosed)
            try await daemon.waitUntil("has reloaded twice") {
                $0.count { $0.isLog("configuration reloaded") } == 2
            }
            let window = AgeWindow(hours: 200, to: -1, before: now)
            let starts = try await site.starts(of: "late")
            let before = late.ids

            let estimate = try await site.replay(window, "--sink", "late", "--missing-only", "--dry-run")
            let afterEstimate = try await site.number("SELECT count(*) FROM replay")
            let answer = try await site.replay(window, "--sink", "late", "--missing-only", "--wait")
            let again = try await site.replay(window, "--sink", "late", "--missing-only", "--wait")
            let visible = try await site.fetchAll()
            try await site.drain("late")
            try await daemon.terminate()

            let events = try await site.events()
            let missed = Set(events.filter { $0.seq <= starts[$0.stream]! }.map(\.id))
            let refused = Set(tooLarge.map(\.0))
            let replay = try await site.onlyReplay()
            let came = late.ids
            #expect(missed.count > 300 && refused.isDisjoint(with: before.keys))
            #expect(missed.isDisjoint(with: before.keys))
            #expect(estimate.code == 0 && afterEstimate == 0, "\(estimate)")
            #expect(estimate.output.contains("\(missed.count + refused.count) would be sent"), "\(estimate)")
            #expect(answer.code == 0, "\(answer)")
            #expect(again.code == 0 && again.output.contains("0 would be sent"), "\(again)")
            #expect(replay.missing_only && replay.state == "disabled")
            #expect(replay.sent == missed.count + refused.count && replay.total == replay.sent)
            #expect(Set(came.keys) == visible)
            #expect(came.values.allSatisfy { $0 == 1 })
            #expect(try await site.number("SELECT count(*) FROM dead_letters") == 0)
            #expect(siem.counts.duplicates == 0)
            try await site.expectLedgerIsTrue(of: "late", at: late)
        }
    }

    @Test("after kill -9 in the middle everything arrives, and settled events are not sent again")
    func acrossARestart() async throws {
        try await Site.run(.busy(history: 9_000, rate: 10)) { site in
            let reading = ReadingStop()
            let siem = try await site.receiver()
            let late = try await site.receiver(reading.configuration)
            try site.configure { $0.sinks = [.init("siem", port: siem.port)] }
            let first = try await site.daemon()
            try await site.waitForSettled(9_500, of: "siem")
            try site.configure { $0.sinks.append(.init("late", port: late.port, ["start": "now"])) }
            try first.send(.terminalClosed)
            try await first.waitUntil("has reloaded") { $0.contains { $0.isLog("configuration reloaded") } }
            let starts = try await site.starts(of: "late")
            let window = AgeWindow(hours: 200, to: -1, before: site.simulator.clock.nowMs)

            reading.stop(late, afterMessages: 3_000)
            let answer = try await site.replay(window, "--sink", "late", "--missing-only")
            try await eventually("part of the replay is settled") {
                try await site.number("SELECT sent FROM replay") > 0
            }
            try await first.kill()
            let settled = try await site.ledger().filter { $0.replay != nil }
            late.setReading(true)
            let second = try await site.daemon()
            try await eventually("the replay has finished") {
                try await site.number("SELECT count(*) FROM replay WHERE state = 'disabled'") == 1
            }
            let visible = try await site.fetchAll()
            try await site.drain("late")
            try await second.terminate()

            let events = try await site.events()
            let came = late.ids
            let once = events.filter { event in
                settled.contains {
                    $0.stream == event.stream && $0.first_seq <= event.seq && event.seq <= $0.last_seq
                }
            }
            let ended = try await site.onlyReplay()
            #expect(answer.code == 0, "\(answer)")
            #expect(Set(came.keys) == visible)
            #expect(!once.isEmpty && once.count < ended.total)
            #expect(once.allSatisfy { came[$0.id] == 1 })
            #expect(ended.total == events.count { $0.seq <= starts[$0.stream]! })
            #expect(ended.sent == ended.total)
            try await site.expectLedgerIsTrue(of: "late", at: late)
        }
    }

    /// Records whose ids are too long for a line of 1,024 bytes: such a line cannot be shortened, because a
    /// truncated id would not identify the record.
    private static func recordsWithLongIDs(now: Int64) -> [(String, SimulatedRecord)] {
        (0..<6).map { number in
            let id = "long-\(number)-" + String(repeating: "x", count: 600)
            return (id, SimulatedRecord(id: id, created: now, timestamp: now))
        }
    }
}
