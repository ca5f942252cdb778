import Foundation
import SpoolReceiver
import SpoolSimulator
import SpoolTestSupport
import Testing

@Suite("spool dead, with and without a daemon", .daemons)
struct DeadTests {
    struct Listed: Decodable {
        let sink: String
        let id: String
        let seq: Int64
        let reason: String
        let dismissed_ms: Int64?
    }

    struct Dismissed: Decodable {
        struct Sink: Decodable {
            let sink: String
            let events: Int
        }
        let dismissed: [Sink]
    }

    struct Requeued: Decodable {
        struct Job: Decodable {
            let state: String
            let total: Int
        }
        let replays: [Job]
        let refused_again: Int?
    }

    @Test("lists and shows refused events, dismisses one and sends the others again")
    func withADaemon() async throws {
        try await Site.run(.busy(history: 20)) { site in
            let siem = try await site.receiver()
            let ids = try await refused(at: site, siem)
            try site.configure { $0.sinks[0].keys["max_message_bytes"] = "8096" }
            let daemon = try await site.daemon()

            let listed = try await list(site)
            let shown = try await site.spool("dead", "show", ids[0])
            let dismissed = try await site.spool("dead", "dismiss", ids[0], "--json")
            let open = try await list(site)
            let everything = try await list(site, "--dismissed")
            let sent = try await site.spool("dead", "requeue", "--all", "--wait", "--json")
            let left = try await list(site)
            try await daemon.terminate()

            #expect(Set(listed.map(\.id)) == Set(ids) && listed.allSatisfy { $0.reason == "too-large" })
            #expect(shown.code == 0 && shown.output.contains("not delivered to siem"), "\(shown)")
            let given = try JSONDecoder().decode(Dismissed.self, from: Data(dismissed.output.utf8))
            #expect(given.dismissed.map(\.sink) == ["siem"] && given.dismissed.map(\.events) == [1])
            #expect(open.map(\.id).sorted() == ids.dropFirst().sorted())
            #expect(everything.count == ids.count && everything.count { $0.dismissed_ms != nil } == 1)
            let requeued = try JSONDecoder().decode(Requeued.self, from: Data(sent.output.utf8))
            #expect(sent.code == 0 && requeued.refused_again == 0, "\(sent)")
            #expect(requeued.replays.map(\.state) == ["disabled"])
            #expect(requeued.replays.map(\.total) == [ids.count - 1])
            #expect(left.isEmpty)
            for id in ids.dropFirst() { #expect(siem.ids[id] == 1) }
            #expect(siem.ids[ids[0]] == nil)
        }
    }

    @Test("without a daemon the command sends by itself; events refused again remain, with exit code 5")
    func withoutADaemon() async throws {
        try await Site.run(.busy(history: 20)) { site in
            let siem = try await site.receiver()
            let ids = try await refused(at: site, siem)

            let again = try await site.spool("dead", "requeue", "--all", "--wait", "--sink", "siem")
            try site.configure { $0.sinks[0].keys["max_message_bytes"] = "8096" }
            let seq = try #require(try await list(site).first { $0.id == ids[1] }).seq
            let one = try await site.spool("dead", "requeue", "\(seq)")
            let gone = try await site.spool("dead", "dismiss", "--all")
            let left = try await list(site)

            #expect(
                again.code == 5 && again.errors.contains("\(ids.count) of them were refused again"),
                "\(again)"
            )
            #expect(one.code == 0 && siem.ids[ids[1]] == 1, "\(one)")
            #expect(gone.code == 0 && gone.output == "siem: \(ids.count - 1) dismissed", "\(gone)")
            #expect(left.isEmpty)
        }
    }

    @Test("an id that is not a dead letter, or no id, is a usage error")
    func wrongUse() async throws {
        try await Site.run(.busy(history: 20)) { site in
            let siem = try await site.receiver()
            try await site.deliverAll(to: [.init("siem", port: siem.port)])

            let unknown = try await site.spool("dead", "requeue", "nobody")
            let nothing = try await site.spool("dead", "dismiss")
            let none = try await site.spool("dead", "list")

            #expect(
                unknown.code == 2 && unknown.errors.contains("no dead letter matches nobody"),
                "\(unknown)"
            )
            #expect(nothing.code == 2, "\(nothing)")
            #expect(none.code == 0 && none.output == "no dead letters", "\(none)")
        }
    }

    /// Leaves a spool, without a daemon, in which three records were refused because of their size.
    private func refused(at site: Site, _ siem: Receiver) async throws -> [String] {
        try site.configure { $0.sinks = [.init("siem", port: siem.port, ["max_message_bytes": "1024"])] }
        let now = site.simulator.clock.nowMs
        let ids = (0..<3).map { "too-large-\($0)-" + String(repeating: "x", count: 600) }
        site.simulator.insert(
            ids.map { SimulatedRecord(id: $0, created: now - 60_000, timestamp: now - 60_000) },
            into: .activities
        )
        let daemon = try await site.daemon()
        try await eventually("the refused events are dead letters") {
            try await site.number("SELECT count(*) FROM dead_letters") == ids.count
        }
        try await daemon.terminate()
        return ids
    }

    private func list(_ site: Site, _ options: String...) async throws -> [Listed] {
        let answer = try await Child.answer(
            BuiltProduct.spool,
            ["dead", "list", "--json", "--config", site.configurationPath] + options
        )
        #expect(answer.code == 0, "\(answer)")
        return try JSONDecoder().decode([Listed].self, from: Data(answer.output.utf8))
    }
}
