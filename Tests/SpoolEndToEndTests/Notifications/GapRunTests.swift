import Foundation
import SpoolReceiver
import SpoolSimulator
import SpoolTestSupport
import Subprocess
import Testing

@Suite("gaps in reading", .daemons)
struct GapRunTests {
    struct Row: Decodable {
        let stream: String
        let state: String
        let length: Double
    }

    @Test("an outage of the host and one of the portal are shown while they last, and as healed afterwards")
    func outages() async throws {
        try await Site.run(.busy(history: 200, rate: 5)) { site in
            let receiver = try await site.receiver()
            let port = try Ports.free()
            try site.configure { settings in
                settings.status = "{ listen: 127.0.0.1:\(port) }"
                settings.sinks = [.init("siem", port: receiver.port)]
                let yaml = settings.yaml(folder: "FOLDER", url: "PORTAL")
                settings.text = yaml + "notifications: { gap_after: 2s }\n"
            }
            let first = try await site.daemon()
            try await receiver.await(ids: 200)
            try await first.kill()
            try await eventually("both streams have had a gap of 3 s") {
                let long = "SELECT count(*) FROM gaps WHERE state = 'open' AND to_ms - from_ms >= 3000"
                return try await site.number(long) == 2
            }
            let killed = try await site.spool("status")
            let dead = try await site.number("SELECT count(*) FROM gaps WHERE state = 'open'")
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
            let open = try await site.query(
                "SELECT stream, state, (to_ms - from_ms) / 1000.0 AS length FROM gaps",
                as: Row.self
            )
            let metrics = try await WebAnswer.get("/metrics", port: port).body
            let page = try await WebAnswer.get("/", port: port).body
            site.simulator.setHangsUp(false)
            try await eventually("the portal's gap has healed") {
                try await rows(site).filter { $0.state == "healed" }.count == 4
            }
            let visible = try await site.fetchAll()
            try await site.drain("siem")
            try await eventually("no gap is left") {
                try await site.number("SELECT count(*) FROM gaps") == 0
            }
            let after = try await site.spool("status")
            let json = try await site.spool("status", "--json")
            try await daemon.terminate()
            var left = try await site.spool("status")
            try await eventually("a gap without a daemon is shown", state: { "\(left)" }) {
                left = try await site.spool("status")
                return left.output.matches(of: #/tenant/\w+: GAP since /#).count == 2
            }
            let leftJSON = try await site.spool("status", "--json")

            #expect(host.allSatisfy { $0.length >= 3 }, "\(host)")
            #expect(during.output.contains(#/tenant/activities: GAP since .* not read; it heals by itself/#))
            #expect(after.output.matches(of: #/tenant/activities: gap .* to .*, healed /#).count == 2)
            #expect(!after.output.contains("GAP"))
            let report = try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any]
            let streams = report?["streams"] as? [[String: Any]] ?? []
            let gaps = streams.flatMap { $0["gaps"] as? [[String: Any]] ?? [] }
            #expect(gaps.count == 4)
            #expect(gaps.allSatisfy { $0["healed_ms"] is Int && $0["kind"] as? String == "unread" })
            #expect(open.count == 2 && open.allSatisfy { $0.state == "open" && $0.length >= 2 }, "\(open)")
            for stream in SiteConfiguration.streams {
                #expect(metrics.contains("\nspool_coverage_gaps{stream=\"\(stream)\"} 1\n"), "\(metrics)")
                let seconds = metrics.split(separator: "\n")
                    .first { $0.hasPrefix("spool_coverage_gap_seconds{stream=\"\(stream)\"} ") }?
                    .split(separator: " ").last.flatMap { Double($0) }
                #expect(seconds ?? 0 >= 2, "\(metrics)")
            }
            #expect(page.matches(of: #/data-head="Gaps" class="number"><span>1</#).count == 2, "\(page)")
            #expect(page.matches(of: #/class="most"[^>]*>1 gap, \d+ [^<]* in total</#).count == 2, "\(page)")

            #expect(dead == 2)
            #expect(killed.output.hasPrefix("NO DAEMON RUNNING: last seen at "))
            #expect(killed.output.matches(of: #/tenant/\w+: GAP since /#).count == 2, "\(killed)")
            #expect(left.output.hasPrefix("NO DAEMON RUNNING since "), "\(left)")
            #expect(left.output.contains(#/tenant/alerts +was connected /#), "\(left)")
            #expect(left.output.contains(#/siem +was connected /#), "\(left)")
            #expect(left.code == 0)
            #expect(!during.output.contains("NO DAEMON") && during.output.contains(#/siem +connected /#))
            let stopped = try JSONSerialization.jsonObject(with: Data(leftJSON.output.utf8)) as? [String: Any]
            let facts = try #require(stopped?["stopped"] as? [String: Any], "\(leftJSON)")
            #expect(facts["clean"] as? Bool == true && facts["since_ms"] is Int)
            #expect(report?["stopped"] == nil)
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
