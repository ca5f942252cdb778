import SpoolReceiver
import SpoolSimulator
import SpoolTestSupport
import Subprocess
import Testing

@Suite("Commands that only read the spool", .daemons)
struct LookTests {
    private func run(_ site: Site, _ arguments: [String]) async throws -> Answer {
        try await Child.answer(BuiltProduct.spool, arguments + ["--config", site.configurationPath])
    }

    @Test("work although the configuration has an error, and print a warning")
    func mistake() async throws {
        try await Site.run(.busy(history: 10)) { site in
            let siem = try await site.receiver()
            let id = try #require(try await site.deliverAll(to: [.init("siem", port: siem.port)]).first)
            try site.folder.write("spool:\n  path: \(site.spoolPath)\nsinks: [\n", to: "spool.yaml")

            for command in [
                ["status"], ["status", "--json"], ["query", "select count(*) from events"],
                ["tail", "--no-follow"],
                ["replay", "list"], ["dead", "list"], ["trace", id],
            ] {
                let answer = try await run(site, command)
                #expect(answer.code == 0 && !answer.output.isEmpty, "\(command): \(answer)")
                #expect(answer.errors.contains("warning: 1 problem in "), "\(command): \(answer)")
            }
            let check = try await run(site, ["check"])
            #expect(check.code == 2, "\(check)")
        }
    }

    @Test(
        "so do commands that ask the daemon only about the spool; without a daemon they need the whole file"
    )
    func mistakeBesideDaemon() async throws {
        try await Site.run(.busy(history: 50)) { site in
            let siem = try await site.receiver()
            try site.configure { $0.sinks = [.init("siem", port: siem.port)] }
            let daemon = try await site.daemon()
            try await site.fetchAll()
            try await site.drain("siem")
            let replay = try await site.spool(
                "replay",
                "--from",
                "30d",
                "--to",
                "now",
                "--rate",
                "1",
                "--yes"
            )
            #expect(replay.code == 0, "\(replay)")
            try site.folder.write("spool:\n  path: \(site.spoolPath)\nsinks: [\n", to: "spool.yaml")

            for command in [
                ["retry"], ["replay", "pause", "1"], ["replay", "resume", "1"], ["replay", "cancel", "1"],
                ["replay", "remove", "1"], ["backup", "--to", site.folder.path("copy.db")],
            ] {
                let answer = try await run(site, command)
                #expect(answer.code == 0 && !answer.output.isEmpty, "\(command): \(answer)")
                #expect(answer.errors.contains("warning: 1 problem in "), "\(command): \(answer)")
            }
            try await daemon.terminate()
            let alone = try await run(site, ["backup", "--to", site.folder.path("other.db")])
            #expect(alone.code == 2 && alone.errors.contains("1 problem in "), "\(alone)")
        }
    }

    @Test("reject unknown streams and sinks and suggest the nearest name")
    func names() async throws {
        try await Site.run(.busy(history: 10)) { site in
            let siem = try await site.receiver()
            try await site.deliverAll(to: [.init("siem", port: siem.port)])
            for (command, hint) in [
                (["tail", "--no-follow", "--stream", "nope"], "there is no stream nope; known names: "),
                (["tail", "--no-follow", "--stream", "tenant/alert"], "did you mean tenant/alerts?"),
                (
                    ["tail", "--no-follow", "--settled", "--sink", "siemm"],
                    "there is no sink siemm; did you mean siem?"
                ),
                (["dead", "list", "--sink", "nope"], "there is no sink nope; the only one is siem"),
                (
                    ["dead", "requeue", "--all", "--sink", "nope"],
                    "there is no sink nope; the only one is siem"
                ),
            ] {
                let answer = try await run(site, command)
                #expect(answer.code == 2 && answer.errors.contains(hint), "\(command): \(answer)")
            }
            let named = try await run(site, ["tail", "--no-follow", "--stream", "activities"])
            #expect(named.code == 0 && !named.output.isEmpty, "\(named)")
        }
    }

    @Test("a replay that is waited for continues after Ctrl-C, which prints how to follow and cancel it")
    func interrupted() async throws {
        try await Site.run(.busy(history: 100)) { site in
            let siem = try await site.receiver()
            try await site.deliverAll(to: [.init("siem", port: siem.port)])
            let daemon = try await site.daemon()
            let waiting = site.start(
                "spool replay --wait",
                BuiltProduct.spool,
                [
                    "replay", "--from", "30d", "--to", "now", "--rate", "1", "--wait", "--yes", "--config",
                    site.configurationPath,
                ]
            )
            try await waiting.waitUntil("shows progress") { $0.contains { $0.hasPrefix("replay 1: ") } }

            try waiting.send(.interrupt)
            let status = try await waiting.exit()
            let list = try await run(site, ["replay", "list"])
            try await daemon.terminate()

            #expect(status == .signaled(2))
            #expect(
                waiting.lines(.errors).contains {
                    $0.hasPrefix("replay 1 continues in the daemon: `spool replay show 1 --follow`")
                },
                "\(waiting.lines(.errors))"
            )
            #expect(list.output.contains("running"), "\(list)")
        }
    }
}
