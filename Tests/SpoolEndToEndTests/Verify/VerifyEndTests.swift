import Foundation
import SpoolReceiver
import SpoolSimulator
import SpoolTestSupport
import Subprocess
import Testing

@Suite("A verify that is interrupted, killed, has to wait, or whose daemon ends", .daemons)
struct VerifyEndTests {
    /// A site whose daemon has fetched everything, and whose portal then stops answering.
    private static func with(_ body: (Site, Child, AgeWindow) async throws -> Void) async throws {
        try await Site.run(.busy(history: 200)) { site in
            let siem = try await site.receiver()
            try site.configure { $0.sinks = [.init("siem", port: siem.port)] }
            let daemon = try await site.daemon()
            try await site.fetchAll()
            try await site.drain("siem")
            let window = AgeWindow(hours: 70, to: 0.25, before: site.simulator.clock.nowMs)
            site.simulator.addFault(.slow(seconds: 3_600), .always)
            try await body(site, daemon, window)
        }
    }

    private static func verify(_ site: Site, _ window: AgeWindow, _ options: String...) -> Child {
        site.start(
            "spool verify",
            BuiltProduct.spool,
            ["verify", "--config", site.configurationPath, "--from", window.fromText, "--to", window.toText]
                + options
        )
    }

    private static func states(_ site: Site) async throws -> [String] {
        let answer = try await site.spool("query", "SELECT state FROM proof ORDER BY id", "--format", "csv")
        return answer.output.split(separator: "\n").dropFirst().map(String.init)
    }

    private static func scratchExists(_ site: Site) -> Bool {
        FileManager.default.fileExists(atPath: site.spoolPath + ".verify")
    }

    @Test(
        "Ctrl-C ends it in the daemon although the source is silent; a waiting one reports that, then runs"
    )
    func interrupted() async throws {
        try await Self.with { site, _, window in
            let report = try site.folder.write("proof 0: 9 events, 0 missing", to: "proof.txt")
            let first = Self.verify(site, window, "--report", report)
            try await eventually("the scratch file exists") { Self.scratchExists(site) }
            let second = Self.verify(site, window)
            try await second.waitUntil("prints what it waits for", within: .seconds(20)) {
                $0.contains { $0.hasPrefix("waiting: proof 1, another verify of ") && $0.contains(" since ") }
            }

            try first.send(.interrupt)
            let status = try await first.exit(within: .seconds(20))
            try await eventually("the next one is running", within: .seconds(20)) {
                try await site.number(
                    "SELECT planned IS NOT NULL FROM (SELECT json_extract(result, '$.planned') AS "
                        + "planned FROM proof WHERE id = 2)"
                ) == 1
            }
            // A killed command cannot notify the daemon: the daemon detects it.
            try await second.kill()
            try await eventually("the second ends in the daemon", within: .seconds(40)) {
                try await Self.states(site) == ["stopped", "stopped"]
            }

            #expect(status == .exited(3), "\(first.lastLines)")
            #expect(
                first.lines(.errors).contains {
                    $0.contains("it was cancelled by the command that requested it")
                },
                "\(first.lastLines)"
            )
            #expect(
                first.lines(.output).contains { $0.contains("stopped before it finished and proves nothing") }
            )
            // The report of an older proof has been replaced.
            let text = try String(contentsOfFile: report, encoding: .utf8)
            let json = try String(contentsOfFile: report + ".json", encoding: .utf8)
            #expect(
                text.contains("stopped before it finished and proves nothing") && !text.contains("proof 0")
            )
            #expect(json.contains(#""complete" : false"#), "\(json)")
            #expect(!Self.scratchExists(site))
        }
    }

    @Test(
        "a repair whose daemon is killed is reported and stored as unfinished; a restart cleans up"
    )
    func killed() async throws {
        try await Self.with { site, daemon, window in
            let repair = Self.verify(site, window, "--repair")
            try await eventually("the scratch file exists") { Self.scratchExists(site) }

            try await daemon.kill()
            try await repair.waitUntil("waits for the daemon", within: .seconds(30)) {
                $0.contains { $0.contains("the daemon does not answer") }
            }
            let wasLeft = Self.scratchExists(site)
            let again = try await site.daemon()
            let status = try await repair.exit(within: .seconds(30))
            try await eventually("the killed daemon's scratch file is removed") { !Self.scratchExists(site) }
            let kept = try await site.spool(
                "query",
                "SELECT json_extract(result, '$.error') AS cause FROM proof WHERE state = 'stopped'",
                "--format",
                "csv"
            )

            #expect(wasLeft)
            #expect(status == .exited(3), "\(repair.lastLines)")
            for text in [repair.lines(.errors).joined(), kept.output] {
                #expect(text.contains("the process that ran it exited or was killed"), "\(text)")
                #expect(text.contains("Not compared: tenant/activities, tenant/alerts"), "\(text)")
                #expect(
                    text.contains("Run the same command again to recover what is still missing"),
                    "\(text)"
                )
            }
            // A daemon that is stopped ends its proof immediately, too.
            let last = Self.verify(site, window)
            try await eventually("the scratch file exists") { Self.scratchExists(site) }
            try await again.terminate(within: .seconds(20))
            #expect(!Self.scratchExists(site))
            #expect(try await Self.states(site) == ["stopped", "stopped"])
            await last.end()
        }
    }

    @Test("without a daemon Ctrl-C ends it as well, and a second command is refused instead of waiting")
    func direct() async throws {
        try await Self.with { site, daemon, window in
            try await daemon.terminate()
            let first = Self.verify(site, window)
            try await eventually("the scratch file exists") { Self.scratchExists(site) }

            let second = try await site.spool("verify", "--from", window.fromText, "--to", window.toText)
            try first.send(.interrupt)
            let status = try await first.exit(within: .seconds(20))

            #expect(second.code == 4, "\(second)")
            #expect(
                second.errors.contains("holds the spool and does not verify it for other commands"),
                "\(second)"
            )
            #expect(status == .exited(3), "\(first.lastLines)")
            #expect(first.lines(.errors).contains { $0.contains("it was interrupted") }, "\(first.lastLines)")
            #expect(try await Self.states(site) == ["stopped"])
            #expect(!Self.scratchExists(site))
        }
    }
}
