import Foundation
import SpoolReceiver
import SpoolSimulator
import Subprocess
import Testing

@Suite("gaps in reading", .daemons)
struct GapRunTests {
    struct Row: Decodable {
        let stream: String
        let state: String
        let length: Double
    }

    @Test("an outage of the host, then one of the portal, are shown while they last and as healed afterwards")
    func outages() async throws {
        try await Site.run(.busy(history: 200, rate: 5)) { site in
            let receiver = try await site.receiver()
            try site.configure { settings in
                settings.sinks = [.init("siem", port: receiver.port)]
                let yaml = settings.yaml(folder: "FOLDER", url: "PORTAL")
                settings.text = yaml + "notifications: { gap_after: 2s }\n"
            }
            let first = try await site.daemon()
            try await receiver.await(ids: 200)
            try await first.kill()
            // The outage itself.
            try await Task.sleep(for: .seconds(4))
            let daemon = try await site.daemon()
            try await eventually("the host's gap has healed") {
                try await rows(site).filter { $0.state == "healed" }.count == 2
            }
            let host = try await rows(site)

            site.simulator.setHangsUp(true)
            try await eventually("the portal's gap is open") {
                try await rows(site).filter { $0.state == "open" }.count == 2
            }
            let during = try await site.spool("status")
            site.simulator.setHangsUp(false)
            try await eventually("the portal's gap has healed") {
                try await rows(site).filter { $0.state == "healed" }.count == 4
            }
            let visible = try await site.fetchAll()
            try await site.drain("siem")
            let after = try await site.spool("status")
            let json = try await site.spool("status", "--json")
            try await daemon.terminate()

            #expect(host.allSatisfy { $0.length >= 3 && $0.length < 60 }, "\(host)")
            #expect(during.output.contains(#/tenant/activities: GAP since .* not read; it heals by itself/#))
            #expect(after.output.matches(of: #/tenant/activities: gap .* to .*, healed /#).count == 2)
            #expect(!after.output.contains("GAP"))
            let report = try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any]
            let streams = report?["streams"] as? [[String: Any]] ?? []
            let gaps = streams.flatMap { $0["gaps"] as? [[String: Any]] ?? [] }
            #expect(gaps.count == 4)
            #expect(gaps.allSatisfy { $0["healed_ms"] is Int && $0["kind"] as? String == "unread" })
            #expect(try await site.number("SELECT count(*) FROM gaps") == 0)
            #expect(Set(receiver.ids.keys) == visible)
        }
    }

    private func rows(_ site: Site) async throws -> [Row] {
        try await site.query(
            "SELECT stream, state, (to_ms - from_ms) / 1000.0 AS length FROM coverage WHERE state <> 'open'"
                + " UNION ALL SELECT stream, state, 0 FROM coverage WHERE state = 'open'",
            as: Row.self
        )
    }
}
