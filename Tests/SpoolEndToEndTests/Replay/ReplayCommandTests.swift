import SpoolReceiver
import SpoolSimulator
import SpoolTestSupport
import Subprocess
import Testing

@Suite("spool replay, with and without a daemon", .daemons)
struct ReplayCommandTests {
    @Test("without a daemon the command itself sends the window to every sink, and --dry-run sends nothing")
    func withoutADaemon() async throws {
        try await Site.run(.busy(history: 600)) { site in
            let (one, two) = (try await site.receiver(), try await site.receiver())
            let visible = try await site.deliverAll(to: [
                .init("one", port: one.port), .init("two", port: two.port),
            ])
            let window = AgeWindow(hours: 24, to: 8, before: site.simulator.clock.nowMs)
            let (first, second) = (one.counts.messages, two.counts.messages)

            let dry = try await site.replay(window, "--dry-run")
            let afterDry = (one.counts.messages, two.counts.messages)
            let answer = try await site.replay(window)

            let wanted = Set(try await site.events().filter(window.contains).map(\.id))
            #expect(dry.code == 0 && dry.output.contains("one:") && dry.output.contains("two:"), "\(dry)")
            #expect(dry.output.contains("\(wanted.count) would be sent again"), "\(dry)")
            #expect(afterDry == (first, second))
            #expect(answer.code == 0, "\(answer)")
            for receiver in [one, two] {
                #expect(Set(receiver.ids.keys) == visible)
                #expect(Set(receiver.ids.filter { $0.value == 2 }.keys) == wanted)
            }
            let replays = try await site.replays()
            #expect(replays.map(\.state) == ["disabled", "disabled"])
            #expect(replays.allSatisfy { $0.sent == wanted.count && $0.total == wanted.count })
        }
    }

    @Test("a daemon that starts takes over the spool and the replay from the command")
    func handedOver() async throws {
        try await Site.run(.busy(history: 600)) { site in
            let receiver = try await site.receiver()
            try await site.deliverAll(to: [.init("siem", port: receiver.port)])
            await receiver.stop()
            let window = AgeWindow(hours: 24, to: 8, before: site.simulator.clock.nowMs)
            let command = site.start(
                "spool replay",
                BuildFolder.path + "/spool",
                [
                    "replay", "--config", site.configurationPath, "--from", window.fromText, "--to",
                    window.toText,
                ]
            )
            try await command.waitUntil("has created a replay") { $0.contains { $0.hasPrefix("replay 1") } }

            let daemon = try await site.daemon()
            let status = try await command.exit()
            try await receiver.restart()
            try await eventually("the replay has finished in the daemon") {
                try await site.number("SELECT count(*) FROM replay WHERE state = 'disabled'") == 1
            }
            try await daemon.terminate()

            let wanted = Set(try await site.events().filter(window.contains).map(\.id))
            #expect(status == .exited(0))
            #expect(command.lines(.output).contains { $0.contains("taken over the spool") })
            #expect(!wanted.isEmpty && wanted.allSatisfy { receiver.ids[$0] == 2 })
        }
    }

    @Test("pause, resume, show and cancel work; a cancelled replay stays cancelled after a restart")
    func pauseResumeCancel() async throws {
        try await Site.run(.busy(history: 600)) { site in
            let receiver = try await site.receiver()
            try await site.deliverAll(to: [.init("siem", port: receiver.port)])
            await receiver.stop()
            let daemon = try await site.daemon()
            let window = AgeWindow(hours: 24, to: 8, before: site.simulator.clock.nowMs)
            let made = try await site.replay(window)

            let paused = try await site.spool("replay", "pause", "1")
            let whilePaused = try await site.onlyReplay()
            let resumed = try await site.spool("replay", "resume", "1")
            let whileResumed = try await site.onlyReplay()
            let cancelled = try await site.spool("replay", "cancel", "1")
            let shown = try await site.spool("replay", "show", "1")
            let twice = try await site.spool("replay", "resume", "1")
            let unknown = try await site.spool("replay", "show", "7")
            try await receiver.restart()
            try await daemon.terminate()
            let next = try await site.daemon()
            site.simulator.insert(.init(id: "last", created: site.simulator.clock.nowMs), into: .activities)
            try await eventually("a new event arrives") { receiver.ids["last"] == 1 }
            try await next.terminate()

            #expect(made.code == 0 && paused.code == 0 && resumed.code == 0 && cancelled.code == 0)
            #expect(whilePaused.state == "paused")
            #expect(whileResumed.state == "running")
            #expect(shown.output.contains("cancelled"), "\(shown)")
            #expect(twice.code != 0 && twice.errors.contains("has ended"), "\(twice)")
            #expect(unknown.code == 2 && unknown.errors.contains("there is no replay 7"), "\(unknown)")
            #expect(try await site.onlyReplay().state == "cancelled")
            #expect(receiver.counts.duplicates == 0)
        }
    }

    @Test(
        "a usage error is reported and changes nothing",
        arguments: [
            (["--from", "yesterday", "--to", "1h"], "--from yesterday: not a time"),
            (["--from", "1h", "--to", "2h"], "the window is empty"),
            (["--from", "2h", "--to", "1h", "--sink", "sie"], "did you mean siem"),
            (
                ["--from", "2h", "--to", "1h", "--sink", "other"],
                "there is no sink other; the only one is siem"
            ),
            (["--from", "2h", "--to", "1h", "--stream", "alarms"], "source/stream"),
            (["--from", "2h"], "--to"),
        ]
    )
    func wrongUse(arguments: [String], message: String) async throws {
        try await Site.run(.busy(history: 0)) { site in
            try site.configure { $0.sinks = [.init("siem", port: 9)] }

            let answer = try await Child.answer(
                BuildFolder.path + "/spool",
                ["replay", "--config", site.configurationPath] + arguments
            )

            #expect(answer.code == 2, "\(answer)")
            #expect(answer.errors.contains(message), "\(answer)")
        }
    }
}
