import SpoolReceiver
import SpoolSimulator
import SpoolTestSupport
import Subprocess
import Testing

@Suite("a replay sends its window again and nothing else", .daemons)
struct ReplayWindowTests {
    @Test("beside live delivery each event settled before is sent once more, and none outside the window")
    func besideLiveDelivery() async throws {
        try await Site.run(.busy(history: 2_000, rate: 40)) { site in
            let receiver = try await site.receiver()
            try site.configure { $0.sinks = [.init("siem", port: receiver.port)] }
            let daemon = try await site.daemon()
            try await site.waitForSettled(2_200, of: "siem")
            let window = AgeWindow(hours: 30, to: 10, before: site.simulator.clock.nowMs)

            let answer = try await site.replay(window, "--sink", "siem", "--wait")
            let during = receiver.counts
            let visible = try await site.fetchAll()
            try await site.drain("siem")
            let status = try await daemon.terminate()

            let replay = try await site.onlyReplay()
            let bounds = try await site.bounds(ofReplay: replay.id)
            let again = try await site.events().filter { window.contains($0) && $0.seq <= bounds[$0.stream]! }
            let wanted = Set(again.map(\.id))
            let came = receiver.ids
            #expect(answer.code == 0, "\(answer)")
            #expect(status == .exited(0))
            #expect(during.ids < visible.count, "live delivery continued meanwhile")
            #expect(Set(again.map(\.stream)) == Set(SiteConfiguration.streams))
            #expect(wanted.count > 500)
            #expect(replay.state == "disabled" && replay.sent == wanted.count && replay.total == wanted.count)
            #expect(Set(came.keys) == visible)
            #expect(Set(came.filter { $0.value == 2 }.keys) == wanted)
            #expect(came.values.allSatisfy { $0 <= 2 })
            try await site.expectLedgerIsTrue(of: "siem", at: receiver)
        }
    }

    @Test("sends only one stream, selected by the time of saving")
    func oneStream() async throws {
        try await Site.run(.busy(history: 1_000)) { site in
            let receiver = try await site.receiver()
            try site.configure { $0.sinks = [.init("siem", port: receiver.port)] }
            let daemon = try await site.daemon()
            let visible = try await site.fetchAll()
            try await site.drain("siem")
            let window = AgeWindow(hours: 20, to: 5, before: site.simulator.clock.nowMs)

            let stream = SiteConfiguration.streams[0]
            let answer = try await site.replay(window, "--stream", stream, "--basis", "created", "--wait")
            try await daemon.terminate()

            let wanted = try await site.events().filter {
                $0.stream == stream && $0.created >= window.from && $0.created < window.to
            }
            let came = receiver.ids
            #expect(answer.code == 0, "\(answer)")
            #expect(!wanted.isEmpty)
            #expect(Set(came.keys) == visible)
            #expect(Set(came.filter { $0.value == 2 }.keys) == Set(wanted.map(\.id)))
            #expect(receiver.counts.duplicates == wanted.count)
        }
    }

    @Test("after kill -9 in the middle settled events are not sent again, and the rest is sent")
    func killedInTheMiddle() async throws {
        try await Site.run(.busy(history: 12_000, rate: 10)) { site in
            let reading = ReadingStop()
            let receiver = try await site.receiver(reading.configuration)
            try site.configure { $0.sinks = [.init("siem", port: receiver.port)] }
            let first = try await site.daemon()
            try await site.waitForSettled(13_000, of: "siem")
            let window = AgeWindow(hours: 40, to: 4, before: site.simulator.clock.nowMs)

            reading.stop(receiver, afterMessages: 3_000)
            let made = try await site.replay(window, "--sink", "siem")
            try await eventually("part of the replay is settled") {
                try await site.number("SELECT sent FROM replay") > 0
            }
            try await first.kill()
            let killed = try await site.onlyReplay()
            let positions = try await site.positions()
            let watermarks = try await site.watermarks(of: "siem")
            receiver.setReading(true)
            let second = try await site.daemon()
            try await eventually("the replay has finished") {
                try await site.number("SELECT count(*) FROM replay WHERE state = 'disabled'") == 1
            }
            let visible = try await site.fetchAll()
            try await site.drain("siem")
            try await second.terminate()

            let bounds = try await site.bounds(ofReplay: killed.id)
            let events = try await site.events()
            let came = receiver.ids
            func isOfReplay(_ event: SpooledEvent) -> Bool {
                window.contains(event) && event.seq <= bounds[event.stream]!
            }
            let settled = events.filter { isOfReplay($0) && $0.seq <= positions[$0.stream]! }
            let outside = events.filter { !isOfReplay($0) && $0.seq <= watermarks[$0.stream]! }
            #expect(made.code == 0, "\(made)")
            #expect(killed.state == "running" && killed.sent > 0 && killed.sent < killed.total)
            #expect(Set(came.keys) == visible)
            #expect(settled.count == killed.sent)
            #expect(settled.allSatisfy { came[$0.id] == 2 })
            #expect(events.filter(isOfReplay).allSatisfy { came[$0.id]! >= 2 })
            #expect(outside.allSatisfy { came[$0.id] == 1 })
            let ended = try await site.onlyReplay()
            #expect(ended.sent == ended.total && ended.total == events.count(where: isOfReplay))
            try await site.expectLedgerIsTrue(of: "siem", at: receiver)
        }
    }
}

extension Site {
    /// Creates a replay of a window without a confirmation.
    func replay(_ window: AgeWindow, _ options: String...) async throws -> Answer {
        try await Child.answer(
            BuildFolder.path + "/spool",
            [
                "replay", "--config", configurationPath, "--from", window.fromText, "--to", window.toText,
                "--yes",
            ]
                + options
        )
    }

    /// Returns once a sink has settled `count` events.
    func waitForSettled(_ count: Int, of sink: String) async throws {
        let sql =
            "SELECT sum(s.delivered) FROM subscription s JOIN sink k ON k.id = s.sink_id "
            + "WHERE k.name = '\(sink)'"
        try await eventually(
            "\(count) events are settled",
            state: {
                let settled = try await self.number(sql)
                return "There are \(settled) of \(try await self.number("SELECT count(*) FROM event"))."
            }
        ) { try await number(sql) >= count }
    }

    /// The position of the only replay in each of its streams.
    fileprivate func positions() async throws -> [String: Int64] {
        struct Row: Decodable {
            let name: String
            let position: Int64
        }
        let rows = try await query(
            "SELECT t.name, r.position FROM replay_stream r JOIN stream t ON t.id = r.stream_id",
            as: Row.self
        )
        return Dictionary(uniqueKeysWithValues: rows.map { ($0.name, $0.position) })
    }
}
