import Foundation
import SpoolReceiver
import SpoolSimulator
import SpoolTestSupport
import Subprocess
import Testing

@Suite("every record of the portal arrives, however late or malformed", .daemons)
struct ArrivalTests {
    private static let hour: Int64 = 3_600_000

    @Test("alerts that appear 15 hours late, and activities saved 26 hours late, arrive")
    func lateArrivals() async throws {
        try await Site.run(.busy(history: 500, rate: 5)) { site in
            let receiver = try await site.receiver()
            try site.configure { $0.sinks = [.init("siem", port: receiver.port)] }
            let daemon = try await site.daemon()
            try await site.waitForSettled(550, of: "siem")
            let now = site.simulator.clock.nowMs

            site.simulator.insert(
                (0..<5).map {
                    .init(id: "late-alert-\($0)", created: now, timestamp: now - 15 * Self.hour - $0)
                },
                into: .alerts
            )
            site.simulator.insert(
                (0..<5).map {
                    .init(id: "late-activity-\($0)", created: now, timestamp: now - 26 * Self.hour - $0)
                },
                into: .activities
            )
            let late = Set((0..<5).flatMap { ["late-alert-\($0)", "late-activity-\($0)"] })
            try await eventually(
                "the late ones arrive",
                state: { "\(late.subtracting(receiver.ids.keys)) are missing" }
            ) {
                late.isSubset(of: receiver.ids.keys)
            }
            let visible = try await site.fetchAll()
            try await site.drain("siem")
            try await daemon.terminate()

            #expect(Set(receiver.ids.keys) == visible)
            #expect(receiver.counts.duplicates == 0)
        }
    }

    @Test("alerts that appear 15 hours late while the daemon is stopped for days arrive")
    func lateDuringAPause() async throws {
        // The portal's clock ends at this machine's time: a time days ahead of it would be rejected.
        let begin = Int64(Date().timeIntervalSince1970 * 1_000) - 3 * 86_400_000
        var portal = SimulatorConfiguration.busy(history: 500)
        portal.clock = SimulatorClock(startMs: begin)
        try await Site.run(portal) { site in
            let receiver = try await site.receiver()
            try site.configure { $0.sinks = [.init("siem", port: receiver.port)] }
            let first = try await site.daemon()
            try await site.fetchAll()
            try await site.drain("siem")
            try await first.terminate()
            let stopped = site.simulator.clock.nowMs

            // It occurred shortly before the pause and appears long after its start.
            site.simulator.insert(
                .init(
                    id: "late-alert",
                    created: stopped + 14 * Self.hour,
                    timestamp: stopped - Self.hour,
                    visibleAt: stopped + 14 * Self.hour
                ),
                into: .alerts
            )
            site.simulator.insert(
                .init(id: "during-the-pause", created: stopped + 30 * Self.hour),
                into: .activities
            )
            site.simulator.clock.advance(by: .seconds(3 * 86_400))
            let second = try await site.daemon()
            let visible = try await site.fetchAll()
            try await site.drain("siem")
            try await second.terminate()

            #expect(visible.isSuperset(of: ["late-alert", "during-the-pause"]))
            #expect(Set(receiver.ids.keys) == visible)
            #expect(receiver.counts.duplicates == 0)
        }
    }

    @Test("records that cannot be parsed arrive once, marked, and their bytes are stored unchanged")
    func unreadableRecords() async throws {
        try await Site.run(.busy(history: 200)) { site in
            let odd: [(PortalStream, String)] = [
                (.activities, #"{"timestamp":1,"created":2,"description":"no id"}"#),
                (.activities, #"{"_id":4711,"timestamp":"yesterday","note":"ü|=\\"}"#),
                (.activities, #"{"_id":"","timestamp":[]}"#),
                (.alerts, #"{"_id":null,"title":{"a":[1,2,{"b":"}]"}]}}"#),
                (.alerts, #"{"_id":"no-time"}"#),
            ]
            let invalid: [UInt8] =
                Array(#"{"_id":"invalid","timestamp":1,"x":""#.utf8) + [0x80, 0xC0, 0xAF]
                + Array(#""}"#.utf8)
            let raws = odd.map { Array($0.1.utf8) } + [invalid]
            let receiver = try await site.receiver(.keeping(messages: true))
            try site.configure { $0.sinks = [.init("siem", port: receiver.port)] }
            let now = site.simulator.clock.nowMs
            for (raw, stream) in zip(raws, odd.map(\.0) + [.activities]) {
                site.simulator.insert(
                    SimulatedRecord(raw: raw, created: now - Self.hour, timestamp: now - Self.hour),
                    into: stream
                )
            }
            let daemon = try await site.daemon()
            try await eventually("all of them are in the spool") {
                try await site.number("SELECT count(*) FROM event WHERE NOT readable") >= raws.count
            }
            try await site.drain("siem")
            try await daemon.terminate()

            struct Row: Decodable {
                let id: String
                let hex: String
            }
            let kept = try await site.query(
                "SELECT id, hex(CAST(raw AS BLOB)) AS hex FROM events WHERE NOT readable",
                as: Row.self
            )
            let wanted = Set(raws.map { $0.map { String(format: "%02X", $0) }.joined() })
            #expect(Set(kept.map(\.hex)) == wanted)
            #expect(kept.allSatisfy { receiver.ids[$0.id] == 1 })
            #expect(receiver.counts.duplicates == 0)
            let lines = try receiver.lines.map { try CEFParser.parse($0) }
            let marked = lines.filter { $0["externalId"]?.hasPrefix("unreadable-") == true }
            #expect(marked.count == raws.count)
            #expect(marked.allSatisfy { $0.eventClassID == "EVENT_CATEGORY_UNSPECIFIED" })
            #expect(marked.contains { $0["msg"] == odd[0].1 })
        }
    }
}
