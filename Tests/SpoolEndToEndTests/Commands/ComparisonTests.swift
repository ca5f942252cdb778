import SpoolReceiver
import SpoolSimulator
import SpoolTestSupport
import Subprocess
import Testing

/// `spool check` compares the configuration with the spool, and a reload does what it predicted.
@Suite("check and the spool", .daemons)
struct ComparisonTests {
    private struct Told: Decodable {
        let message: String
    }

    @Test("a sink renamed without renamed_from is reported and held, and continues once renamed_from is set")
    func renamed() async throws {
        try await Site.run(.busy(history: 200)) { site in
            let siem = try await site.receiver()
            let sink = SiteConfiguration.SinkText("siem", port: siem.port)
            try site.configure { $0.sinks = [sink] }
            let first = try await site.spool("check")
            let daemon = try await site.daemon()
            let visible = try await site.fetchAll()
            try await site.drain("siem")
            let same = try await site.spool("check")

            try site.configure { $0.sinks = [.init("new", port: siem.port)] }
            let forgotten = try await site.spool("check")
            try daemon.send(.terminalClosed)
            try await daemon.waitUntil("holds the sink") { $0.contains { $0.isLog("sink held") } }
            site.simulator.insert(.init(id: "later", created: site.simulator.clock.nowMs), into: .activities)
            try await eventually("it waits") { try await site.waiting("new") == visible.count + 1 }
            let held = try await site.spool("status")
            let told = try await site.query(
                "SELECT message FROM notification WHERE code = 'Sink needs start'",
                as: Told.self
            )
            try site.configure { $0.sinks = [.init("new", port: siem.port, ["renamed_from": "siem"])] }
            let renamed = try await site.spool("check", "--json")
            try daemon.send(.terminalClosed)
            try await siem.await(ids: visible.count + 1)
            try await daemon.terminate()

            #expect(!first.output.contains("reload") && !same.output.contains("reload"), "\(same)")
            #expect(forgotten.code == 0)
            #expect(forgotten.output.contains("warning: sink new will be held"), "\(forgotten)")
            #expect(forgotten.output.contains("set `renamed_from: siem`"))
            #expect(
                forgotten.output.contains("warning: sink siem is no longer configured") == false,
                "no event waits for it"
            )
            #expect(forgotten.output.contains("sink siem is no longer configured; nothing waits for it"))
            #expect(held.output.contains("held"), "\(held)")
            #expect(
                told.count == 1 && told.allSatisfy { $0.message.contains("set `renamed_from`") },
                "`start` would lose what waits, or repeat everything: \(told)"
            )
            #expect(renamed.output.contains("is renamed from siem"), "\(renamed)")
            #expect(Set(siem.ids.keys) == visible.union(["later"]))
            #expect(siem.counts.duplicates == 0)
            #expect(try await site.number("SELECT count(*) FROM health WHERE what = 'sink'") == 1)
        }
    }

    @Test("each warning names its sink, and an unreadable spool is not a problem of the file")
    func warnings() async throws {
        try await Site.run(.busy(history: 1)) { site in
            try site.configure {
                $0.sinks = [
                    .init("one", port: 9, ["header": "{ time: rfc3164 }"]),
                    .init("two", port: 9, ["header": "{ time: rfc3164 }"]),
                ]
            }
            try site.folder.write("no spool", to: "spool.db")

            let check = try await site.spool("check")
            let doctor = try await site.spool("doctor")

            #expect(check.code == 0, "\(check)")
            #expect(check.output.contains("not compared with the spool: "))
            for sink in ["one", "two"] {
                #expect(Self.lines(check.output, "warning: ", sink) == 1, "\(check)")
                #expect(Self.lines(doctor.output, "  WARNING  configuration: ", sink) == 1, "\(doctor)")
            }
        }
    }

    /// How many lines start with `head` and name the sink.
    private static func lines(_ text: String, _ head: String, _ sink: String) -> Int {
        text.split(separator: "\n").count { $0.hasPrefix(head) && $0.contains(": sink \(sink): ") }
    }
}
