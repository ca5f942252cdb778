import SpoolReceiver
import SpoolSimulator
import SpoolTestSupport
import Subprocess
import Testing

@Suite("spool verify claims nothing that it has not compared", .daemons)
struct VerifyShortfallTests {
    @Test(
        "a sink without the stream, a stream without a sink and a sink that started later are shortfalls"
    )
    func sinks() async throws {
        try await Site.run(.busy(history: 300)) { site in
            let siem = try await site.receiver()
            let late = try await site.receiver()
            var first = SiteConfiguration.SinkText("siem", port: siem.port)
            first.streams = ["tenant/activities"]
            let siemText = first
            try site.configure { $0.sinks = [siemText] }
            let daemon = try await site.daemon()
            try await site.fetchAll()
            try await site.drain("siem")
            let window = AgeWindow(hours: 70, to: 0.25, before: site.simulator.clock.nowMs)

            let whole = try await site.verify(window, "--stream", "tenant/activities")
            let noSink = try await site.verify(window, "--stream", "tenant/alerts")
            let notTaken = try await site.verify(window, "--stream", "tenant/alerts", "--sink", "siem")
            try site.configure {
                $0.sinks = [siemText, .init("late", port: late.port, ["start": "now"])]
            }
            try daemon.send(.terminalClosed)
            try await daemon.waitUntil("has reloaded") { $0.contains { $0.isLog("configuration reloaded") } }
            let both = try await site.verify(window, "--stream", "tenant/activities")
            let later = try await site.verify(window, "--stream", "tenant/activities", "--sink", "late")
            let text = try await site.spool(
                "verify",
                "--from",
                window.fromText,
                "--to",
                window.toText,
                "--sink",
                "late"
            )

            #expect(whole.code == 0 && whole.report.complete && whole.report.shortfalls.isEmpty)
            #expect(noSink.code == 1 && !noSink.report.complete && noSink.report.shortfalls == ["no-sink"])
            #expect(noSink.report.missing == 0 && noSink.report.events > 0)
            #expect(notTaken.code == 1 && !notTaken.report.complete)
            #expect(notTaken.report.shortfalls == ["not-taken"])
            #expect(
                both.code == 0 && !both.report.complete && both.report.shortfalls == ["before-sink-start"]
            )
            #expect(later.code == 1 && !later.report.complete)
            #expect(later.report.shortfalls == ["before-sink-start"])
            #expect(
                text.code == 1
                    && text.output.contains("spooled before its subscription started: not delivered")
            )
            #expect(text.errors.contains("no delivery in this window is proved"), "\(text)")
        }
    }

    @Test("an event that was never fetched is found among deleted ones, fetched and delivered")
    func pruned() async throws {
        try await Site.run(.busy(history: 300)) { site in
            let siem = try await site.receiver()
            try site.configure { $0.sinks = [.init("siem", port: siem.port, ["reopen_after": "1s"])] }
            let daemon = try await site.daemon()
            try await site.fetchAll()
            try await site.drain("siem")
            try site.configure {
                $0.sinks = [.init("siem", port: siem.port, ["reopen_after": "1s"])]
                $0.spoolKeys = ["retention": "{ age: 1h }"]
            }
            try daemon.send(.terminalClosed)
            try await daemon.waitUntil("has reloaded") { $0.contains { $0.isLog("configuration reloaded") } }
            try await eventually("the closed connection has proved delivery") {
                try await site.number("SELECT count(*) FROM connection WHERE how = 'clean'") > 0
            }
            let prune = try await site.spool("prune")
            let now = site.simulator.clock.nowMs
            let hidden = SimulatedRecord(
                id: "hidden",
                created: now - 8 * 3_600_000,
                timestamp: now - 8 * 3_600_000
            )
            site.simulator.insert([hidden], into: .activities)
            let window = AgeWindow(hours: 70, to: 2, before: now)

            let found = try await site.verify(window, "--stream", "tenant/activities", "--repair")
            try await site.drain("siem")
            let after = try await site.verify(window, "--stream", "tenant/activities")

            #expect(prune.code == 0, "\(prune)")
            #expect(found.code == 1 && found.names(.neverFetched) == ["hidden"], "\(found.report)")
            #expect(found.report.proof.streams.first?.fetched == 1)
            #expect(found.report.shortfalls.contains("pruned") && !found.report.complete)
            #expect(siem.ids["hidden"] == 1)
            #expect(after.report.missing == 0 && !after.report.complete, "\(after.report)")
            #expect(after.report.shortfalls.contains("pruned"))
        }
    }
}
