import Foundation
import SpoolReceiver
import SpoolSimulator
import SpoolTestSupport
import Testing

@Suite("spool trace", .daemons)
struct TraceTests {
    struct Traced: Decodable {
        struct Event: Decodable {
            struct Sink: Decodable {
                struct Delivery: Decodable {
                    let replay: Int64?
                    let outcome: String
                    let evidence: String?
                }
                let sink: String
                let live: String
                let deliveries: [Delivery]
            }
            struct Window: Decodable { let state: String }
            let id: String
            let seq: Int64
            let window: Window?
            let sinks: [Sink]
        }
        struct Finding: Decodable {
            struct Source: Decodable {
                let stream: String
                let known: Bool?
            }
            let source: Source
            let verdict: String?
        }
        let events: [Event]
        let sources: [Finding]
    }

    @Test(
        "shows window, ledger, connection and replay of an event that was sent twice, by id and by seq"
    )
    func delivered() async throws {
        try await Site.run(.busy(history: 60)) { site in
            let siem = try await site.receiver()
            let ids = try await site.deliverAll(to: [.init("siem", port: siem.port)])
            let again = try await site.spool("replay", "--from", "3d", "--to", "0s", "--yes")
            let event = try #require(
                try await site.events().first { ids.contains($0.id) && $0.stream == "tenant/activities" }
            )

            let text = try await site.spool("trace", event.id)
            let (code, traced) = try await trace(site, "\(event.seq)")

            #expect(again.code == 0, "\(again)")
            #expect(text.code == 0 && text.output.hasPrefix(event.id), "\(text)")
            #expect(
                text.output.contains("live: delivered, acknowledged by the receiver's TCP stack"),
                "\(text)"
            )
            #expect(text.output.contains("replay 1: delivered"), "\(text)")
            #expect(text.output.contains("127.0.0.1:\(siem.port), closed clean"), "\(text)")
            let found = try #require(traced.events.first)
            #expect(code == 0 && traced.events.count == 1 && found.id == event.id)
            #expect(found.window?.state == "complete")
            #expect(found.sinks.map(\.live) == ["settled"])
            #expect(found.sinks[0].deliveries.map(\.replay) == [nil, 1])
            #expect(
                found.sinks[0].deliveries.allSatisfy { $0.outcome == "delivered" && $0.evidence == "kernel" }
            )
        }
    }

    @Test(
        "queries the portal for unknown ids: before the start, filtered, not yet read, not found",
        arguments: [
            true, false,
        ]
    )
    func neverSeen(_ hasDaemon: Bool) async throws {
        try await Site.run(.busy(history: 20)) { site in
            let siem = try await site.receiver()
            try site.configure {
                $0.activities = """
                    { start: 3d, look_back: 2s, sweep: 500ms, filters: { "activity.eventType": { eq: \
                    [EVENT_CATEGORY_LOGIN] } } }
                    """
                // Nothing is re-read during the test.
                $0.alerts = "{ start: 3d, look_back: 48h, sweep: 1h }"
                $0.sourceKeys["poll"] = "1h"
            }
            let first = try await site.daemonWithEverything(siem)
            if !hasDaemon { try await first.terminate() }
            let now = site.simulator.clock.nowMs
            site.simulator.insert(
                [SimulatedRecord(id: "long-ago", created: now - 20 * 86_400_000)],
                into: .alerts
            )
            site.simulator.insert([SimulatedRecord(id: "just-now", created: now + 1)], into: .alerts)
            let filtered = try #require(
                site.simulator.visibleIDs(.activities).subtracting(try await site.events().map(\.id)).first
            )

            for (id, verdict) in [
                ("long-ago", "before_start"), ("just-now", "not_yet_read"), (filtered, "filtered"),
            ] {
                let (code, traced) = try await trace(site, id)
                #expect(code == 1 && traced.events.isEmpty)
                #expect(traced.sources.compactMap(\.verdict) == [verdict], "\(id)")
            }
            let nowhere = try await site.spool("trace", "no-such-record")
            let unasked = try await site.spool("trace", "long-ago", "--no-ask")

            #expect(
                nowhere.code == 1 && nowhere.output.contains("not found at the source"),
                "\(nowhere)"
            )
            #expect(
                unasked.code == 1 && unasked.errors.contains("the spool has no event long-ago"),
                "\(unasked)"
            )
            if hasDaemon { try await first.terminate() }
        }
    }

    @Test("an unreachable portal ends with exit code 3")
    func unreachable() async throws {
        try await Site.run(.busy(history: 20)) { site in
            let siem = try await site.receiver()
            try await site.deliverAll(to: [.init("siem", port: siem.port)])
            await site.simulator.stop()

            let answer = try await site.spool("trace", "no-such-record")

            #expect(answer.code == 3 && answer.output.contains("could not be queried"), "\(answer)")
        }
    }

    private func trace(_ site: Site, _ id: String) async throws -> (Int?, Traced) {
        let answer = try await site.spool("trace", id, "--json")
        return (answer.code, try JSONDecoder().decode(Traced.self, from: Data(answer.output.utf8)))
    }
}

extension Site {
    /// A daemon that has delivered everything that its filters select.
    fileprivate func daemonWithEverything(_ siem: Receiver) async throws -> Child {
        try configure { $0.sinks = [.init("siem", port: siem.port)] }
        let daemon = try await daemon()
        let alerts = simulator.visibleIDs(.alerts).count
        try await eventually("both streams have been read") {
            let begun = try await number("SELECT count(*) FROM stream WHERE newest_ms IS NOT NULL")
            let came = try await number("SELECT count(*) FROM event WHERE kind = 2")
            return begun == 2 && came == alerts
        }
        try await drain("siem")
        return daemon
    }
}
