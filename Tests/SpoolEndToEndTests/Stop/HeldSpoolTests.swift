import Foundation
import SpoolReceiver
import SpoolSimulator
import SpoolTestSupport
import Subprocess
import Testing

@Suite("Ctrl-C and SIGTERM while a command holds the spool", .daemons)
struct HeldSpoolTests {
    private func openRuns(_ site: Site) async throws -> Int {
        try await site.number("SELECT count(*) FROM run WHERE ended_ms IS NULL")
    }

    private static func killed(by signal: Signal) -> TerminationStatus { .signaled(signal.rawValue) }

    @Test(
        "a replay that the command runs reports how it continues, closes the spool and ends by the signal",
        arguments: [Signal.interrupt, .terminate]
    )
    func replay(signal: Signal) async throws {
        try await Site.run(.busy(history: 600)) { site in
            let receiver = try await site.receiver()
            try await site.deliverAll(to: [.init("siem", port: receiver.port)])
            await receiver.stop()
            let window = AgeWindow(hours: 24, to: 8, before: site.simulator.clock.nowMs)
            let command = site.start(
                "spool replay",
                BuiltProduct.spool,
                [
                    "replay", "--config", site.configurationPath, "--from", window.fromText, "--to",
                    window.toText,
                ]
            )
            try await command.waitUntil("has made a replay") { $0.contains { $0.hasPrefix("replay 1") } }

            try command.send(signal)
            let status = try await command.exit(within: .seconds(20))

            #expect(status == Self.killed(by: signal))
            #expect(try await openRuns(site) == 0)
            #expect(command.lines(.errors).contains { $0.contains("replay 1 stops here and is kept") })
            #expect(try await site.number("SELECT count(*) FROM replay WHERE state = 'running'") == 1)
        }
    }

    @Test("a manual prune that waits for a silent source ends immediately, and the spool is closed")
    func prune() async throws {
        try await Site.run(.busy(history: 50)) { site in
            var listener = ReceiverConfiguration.keeping()
            listener.isReading = false
            let silent = try await site.receiver(listener)
            let receiver = try await site.receiver()
            try await site.deliverAll(to: [.init("siem", port: receiver.port)])
            try site.configure { configuration in
                let text = configuration.yaml(folder: "FOLDER", url: "http://127.0.0.1:\(silent.port)")
                configuration.text = text
            }
            let command = site.start(
                "spool prune",
                BuiltProduct.spool,
                ["prune", "--config", site.configurationPath]
            )
            try await eventually("the source is asked for its time") { silent.counts.connectionsOpened > 0 }

            try command.send(.terminate)
            let status = try await command.exit(within: .seconds(20))

            #expect(status == Self.killed(by: .terminate))
            #expect(try await openRuns(site) == 0)
        }
    }

    @Test("`spool demo` removes its folder")
    func demo() async throws {
        let folder = try TemporaryFolder()
        let demo = Child.start(
            "spool demo",
            BuiltProduct.spool,
            ["demo"],
            environment: ["TMPDIR": folder.path]
        )
        try await demo.waitUntil("plays") { $0.contains { $0.contains("events flow") } }
        let during = try FileManager.default.contentsOfDirectory(atPath: folder.path)

        try demo.send(.interrupt)
        let status = try await demo.exit(within: .seconds(30))

        #expect(status == Self.killed(by: .interrupt))
        #expect(during.count == 1)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == [])
    }

    /// Starts a command repeatedly, and sends SIGTERM at a random time; prints how it ended, and how many
    /// runs are left open.
    private static let runner = """
        import random, signal, sqlite3, subprocess, sys, time
        spool, rounds, command = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
        random.seed(11)
        def start(): return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        begun = time.monotonic()
        start().wait()
        length = time.monotonic() - begun
        for number in range(rounds):
            child = start()
            time.sleep(random.uniform(0, length))
            child.send_signal(signal.SIGTERM)
            status = child.wait()
            database = sqlite3.connect("file:" + spool + "?mode=ro", uri=True)
            runs = database.execute("SELECT count(*) - count(ended_ms) FROM run").fetchone()
            database.close()
            print(status, *runs, flush=True)
        """

    @Test("a command closes the spool that it has opened, whenever the signal arrives")
    func anyTime() async throws {
        try await Site.run(.busy(history: 50)) { site in
            let receiver = try await site.receiver()
            try await site.deliverAll(to: [.init("siem", port: receiver.port)])

            let rounds = 30
            let answer = try await Child.answer(
                "python3",
                ["-c", Self.runner, site.spoolPath, "\(rounds)", BuiltProduct.spool, "prune"]
                    + ["--config", site.configurationPath],
                folder: site.folder.path,
                within: .seconds(120)
            )

            let ends = answer.output.split(separator: "\n")
            #expect(ends.count == rounds, "\(answer)")
            #expect(ends.allSatisfy { $0 == "-15 0" || $0 == "0 0" }, "\(answer)")
        }
    }
}
