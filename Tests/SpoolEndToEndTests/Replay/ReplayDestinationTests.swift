import SpoolReceiver
import SpoolSimulator
import SpoolTestSupport
import Subprocess
import Testing

@Suite("spool replay to a one-off destination", .daemons)
struct ReplayDestinationTests {
    @Test(
        "despite kill -9 the destination receives the whole window, and the configured sink no duplicates"
    )
    func acrossAKill() async throws {
        try await Site.run(.busy(history: 8_000, rate: 20)) { site in
            let reading = ReadingStop()
            let siem = try await site.receiver()
            let other = try await site.receiver(reading.configuration)
            try site.configure { $0.sinks = [.init("siem", port: siem.port)] }
            let first = try await site.daemon()
            try await site.waitForSettled(8_000, of: "siem")
            let window = AgeWindow(hours: 40, to: 4, before: site.simulator.clock.nowMs)

            reading.stop(other, afterMessages: 2_000)
            let made = try await site.replay(window, "--destination", "tcp://127.0.0.1:\(other.port)")
            try await eventually("part of the replay is settled") {
                try await site.number("SELECT sent FROM replay") > 0
            }
            try await first.kill()
            let killed = try await site.onlyReplay()
            other.setReading(true)
            let second = try await site.daemon()
            try await eventually("the replay has finished") {
                try await site.number("SELECT count(*) FROM replay WHERE state = 'disabled'") == 1
            }
            let visible = try await site.fetchAll()
            try await site.drain("siem")
            let ended = try await site.onlyReplay()
            let bounds = try await site.bounds(ofReplay: ended.id)
            let state = try await site.number("SELECT count(*) FROM sink WHERE state = 'disabled'")
            let removed = try await site.spool("replay", "remove", "1")
            let left = try await site.number("SELECT count(*) FROM sink WHERE replay_id IS NOT NULL")
            try await second.terminate()

            let wanted = Set(
                try await site.events().filter { window.contains($0) && $0.seq <= bounds[$0.stream]! }.map(
                    \.id
                )
            )
            let came = Set(other.ids.keys)
            #expect(made.code == 0, "\(made)")
            #expect(
                made.output.contains("it is unknown which events this destination already has"),
                "\(made)"
            )
            #expect(killed.state == "running" && killed.sent > 0 && killed.sent < killed.total)
            #expect(ended.state == "disabled" && ended.sent == ended.total && ended.total == wanted.count)
            #expect(ended.destination == "tcp://127.0.0.1:\(other.port)")
            #expect(came == wanted, "\(came.symmetricDifference(wanted).count) differ")
            #expect(state == 1)
            #expect(removed.code == 0 && left == 0, "\(removed)")
            #expect(try await site.replays().isEmpty)
            #expect(Set(siem.ids.keys).isSuperset(of: visible))
        }
    }

    @Test(
        "without a daemon, over TLS with octet counting, one stream by name, with a relative CA file"
    )
    func direct() async throws {
        try await Site.run(.busy(history: 400)) { site in
            let folder = try TemporaryFolder()
            let certificates = try await TestCertificates(in: folder)
            let pair = certificates.server
            let tls = ReceiverTLS(certificateFile: pair.certFile, keyFile: pair.keyFile)
            let siem = try await site.receiver()
            let other = try await site.receiver(.keeping(.tls(tls)))
            try site.configure { $0.sinks = [.init("siem", port: siem.port)] }
            let daemon = try await site.daemon()
            try await site.fetchAll()
            try await site.drain("siem")
            try await daemon.terminate()
            let window = AgeWindow(hours: 30, to: 3, before: site.simulator.clock.nowMs)
            let name = certificates.caFile.split(separator: "/").last.map(String.init) ?? ""

            let answer = try await Child.answer(
                BuildFolder.path + "/spool",
                [
                    "replay", "--config", site.configurationPath, "--from", window.fromText, "--to",
                    window.toText,
                    "--destination", "tls://localhost:\(other.port)?framing=octet-counting&ca_file=\(name)",
                    "--stream", "activities",
                ],
                folder: folder.path
            )

            let wanted = Set(
                try await site.events().filter {
                    window.contains($0) && $0.stream == SiteConfiguration.streams[0]
                }
                .map(\.id)
            )
            #expect(answer.code == 0, "\(answer)")
            #expect(!wanted.isEmpty && Set(other.ids.keys) == wanted)
            #expect(other.counts.octetCounted == wanted.count && other.counts.duplicates == 0)
            #expect(siem.counts.duplicates == 0)
        }
    }

    @Test("works over UDP; while the destination is down the replay waits, shows why and can be cancelled")
    func downAndUDP() async throws {
        try await Site.run(.busy(history: 300)) { site in
            let siem = try await site.receiver()
            let datagrams = try await site.receiver(.keeping(.udp))
            let dead = try await site.receiver()
            await dead.stop()
            try site.configure { $0.sinks = [.init("siem", port: siem.port)] }
            let daemon = try await site.daemon()
            try await site.fetchAll()
            try await site.drain("siem")
            let window = AgeWindow(hours: 30, to: 3, before: site.simulator.clock.nowMs)

            let udp = try await site.replay(
                window,
                "--destination",
                "udp://127.0.0.1:\(datagrams.port)",
                "--wait"
            )
            let down = try await site.replay(window, "--destination", "tcp://127.0.0.1:\(dead.port)")
            try await eventually("the replay shows why it waits") {
                try await site.spool("replay", "show", "2").output.contains("\n  error    ")
            }
            let status = try await site.spool("status")
            let early = try await site.spool("replay", "remove", "2")
            let cancelled = try await site.spool("replay", "cancel", "2")
            let list = try await site.spool("replay", "list")
            try await daemon.terminate()

            let wanted = Set(try await site.events().filter(window.contains).map(\.id))
            #expect(udp.code == 0 && down.code == 0, "\(udp) \(down)")
            #expect(!wanted.isEmpty && Set(datagrams.ids.keys) == wanted)
            #expect(!status.output.contains("destination@"), "\(status)")
            #expect(early.code == 2 && early.errors.contains("cancel it first"), "\(early)")
            #expect(cancelled.code == 0 && list.output.contains("cancelled"), "\(list)")
        }
    }

    @Test(
        "a usage error is reported and changes nothing",
        arguments: [
            (["--destination", "127.0.0.1:9"], "tcp://host:port"),
            (["--destination", "tcp://127.0.0.1:9?fromat=json"], "did you mean `format`"),
            (["--destination", "tcp://127.0.0.1:9", "--sink", "siem"], "--sink and --destination"),
            (["--destination", "tcp://127.0.0.1:9", "--missing-only"], "--missing-only"),
            (["--destination", "tcp://127.0.0.1:9", "--stream", "alarms"], "--stream alarms"),
            (["--rate", "0"], "--rate 0"),
            (["--stream", "alarms"], "--stream alarms"),
        ]
    )
    func wrongUse(arguments: [String], message: String) async throws {
        try await Site.run(.busy(history: 0)) { site in
            try site.configure { $0.sinks = [.init("siem", port: 9)] }

            let answer = try await Child.answer(
                BuildFolder.path + "/spool",
                ["replay", "--config", site.configurationPath, "--from", "2h", "--to", "1h"] + arguments
            )

            #expect(answer.code == 2, "\(answer)")
            #expect(answer.errors.contains(message), "\(answer)")
        }
    }
}
