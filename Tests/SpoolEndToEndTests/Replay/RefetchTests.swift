import SpoolReceiver
import SpoolSimulator
import SpoolTestSupport
import Subprocess
import Testing

@Suite("spool replay --refetch", .daemons)
struct RefetchTests {
    /// A record from five hours ago that appears now: no poll or sweep reads that far back.
    private static func late(_ site: Site, _ id: String, hoursAgo: Int64 = 5) -> SimulatedRecord {
        let then = site.simulator.clock.nowMs - hoursAgo * 3_600_000
        return SimulatedRecord(id: id, created: then, timestamp: then)
    }

    @Test("new records reach every sink once, and the destination receives the whole window")
    func neverSeen() async throws {
        try await Site.run(.busy(history: 600)) { site in
            let (one, two) = (try await site.receiver(), try await site.receiver())
            let other = try await site.receiver()
            try site.configure { $0.sinks = [.init("one", port: one.port), .init("two", port: two.port)] }
            let daemon = try await site.daemon()
            try await site.fetchAll()
            let unseen = (1...7).map { "late-\($0)" }
            site.simulator.insert(unseen.map { Self.late(site, $0) }, into: .activities)
            let window = AgeWindow(hours: 200, to: -1, before: site.simulator.clock.nowMs)

            let answer = try await site.replay(
                window,
                "--destination",
                "tcp://127.0.0.1:\(other.port)",
                "--refetch",
                "--wait"
            )
            try await site.drain("one")
            try await site.drain("two")
            let shown = try await site.spool("replay", "show", "1")
            try await daemon.terminate()

            let visible = site.visible
            let had = [one, two, other].map { Set($0.ids.keys).symmetricDifference(visible).count }
            #expect(answer.code == 0, "\(answer)")
            #expect(visible.isSuperset(of: unseen))
            #expect(had == [0, 0, 0])
            #expect([one, two, other].map(\.counts.duplicates) == [0, 0, 0])
            #expect(
                shown.output.contains("7 of them new to the spool, 0 previously deleted by retention"),
                "\(shown)"
            )
        }
    }

    @Test(
        "events that retention deleted are sent only to the destination, even after kill -9 while reading"
    )
    func pruned() async throws {
        var portal = SimulatorConfiguration.busy(history: 4_000)
        portal.limits.scanMinimum = 1
        portal.limits.scanMaximum = 50
        try await Site.run(portal) { site in
            let siem = try await site.receiver()
            let other = try await site.receiver()
            try site.configure {
                // Retention keeps events that the receiver may not have read until the connection has been
                // closed.
                $0.sinks = [.init("siem", port: siem.port, ["reopen_after": "1s"])]
                $0.spoolKeys["retention"] = "{ age: 1h }"
                $0.sourceKeys["requests_per_minute"] = "1200"
            }
            let first = try await site.daemon()
            let visible = try await site.fetchAll()
            try await site.drain("siem")
            try await eventually(
                "retention has deleted activities older than an hour",
                within: .seconds(150)
            ) {
                try await site.number("SELECT count(*) FROM events WHERE kind = 'activity'") < 1_000
            }
            site.simulator.insert(Self.late(site, "late-below"), into: .activities)
            let window = AgeWindow(hours: 200, to: -1, before: site.simulator.clock.nowMs)

            let made = try await site.replay(
                window,
                "--destination",
                "tcp://127.0.0.1:\(other.port)",
                "--refetch"
            )
            try await eventually("part of the window is read") {
                try await site.number("SELECT json_extract(scan, '$.parts[0].seen') FROM replay") > 0
            }
            try await first.kill()
            let killed = try await site.number("SELECT json_extract(scan, '$.isFixed') FROM replay")
            let second = try await site.daemon()
            try await eventually("the replay has finished", within: .seconds(120)) {
                try await site.number("SELECT count(*) FROM replay WHERE state = 'disabled'") == 1
            }
            try await site.drain("siem")
            let ended = try await site.onlyReplay()
            let readings = try await site.number(
                """
                SELECT count(*) FROM fetch_window w JOIN stream t ON t.id = w.stream_id
                WHERE w.reason = 'refetch' AND t.name = 'tenant/activities'
                """
            )
            let own = try await site.number("SELECT count(*) FROM stream WHERE replay_id = 1")
            let removed = try await site.spool("replay", "remove", "1")
            let left = try await site.number("SELECT count(*) FROM stream WHERE replay_id IS NOT NULL")
            try await second.terminate()

            let wanted = visible.union(["late-below"])
            let missing = wanted.subtracting(other.ids.keys)
            #expect(made.code == 0, "\(made)")
            #expect(killed == 0, "the daemon was killed during the reading")
            #expect(missing.isEmpty && other.ids.count == wanted.count, "\(missing.count) missing")
            #expect(ended.sent == ended.total && ended.total == wanted.count)
            #expect(readings == 1, "the second daemon has continued where the first one stopped")
            #expect(siem.counts.duplicates == 0)
            #expect(siem.ids["late-below"] == 1, "it was never fetched, so it is delivered live as well")
            #expect(own >= 1 && removed.code == 0 && left == 0, "\(own) \(left) \(removed)")
        }
    }

    @Test("works without a daemon, with the portal down at first; new records are delivered live later")
    func direct() async throws {
        try await Site.run(.busy(history: 300)) { site in
            let (siem, other) = (try await site.receiver(), try await site.receiver())
            try site.configure {
                $0.sinks = [.init("siem", port: siem.port), .init("other", port: other.port)]
            }
            let daemon = try await site.daemon()
            let before = try await site.fetchAll()
            try await site.drain("siem")
            try await site.drain("other")
            try await daemon.terminate()
            site.simulator.insert(Self.late(site, "late"), into: .activities)
            site.simulator.addFault(.status(500), on: [.activities], .next(2))
            let window = AgeWindow(hours: 200, to: -1, before: site.simulator.clock.nowMs)

            let answer = try await site.replay(window, "--sink", "siem", "--refetch")
            let duringOther = other.counts.duplicates
            let next = try await site.daemon()
            try await eventually("the late record is delivered live") {
                siem.ids["late"] == 1 && other.ids["late"] == 1
            }
            try await next.terminate()

            #expect(answer.code == 0, "\(answer)")
            #expect(before.allSatisfy { siem.ids[$0] == 2 })
            #expect(duringOther == 0 && other.counts.duplicates == 0)
        }
    }
}
