import Foundation
import SpoolReceiver
import SpoolSimulator
import SpoolTestSupport
import Subprocess
import Testing

@Suite("A verify that is interrupted, killed, made to wait, or whose daemon ends", .daemons)
struct VerifyEndTests {
    /// A site whose daemon has fetched everything, and whose portal then answers nobody.
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
        "Ctrl-C ends it in the daemon, though the source is silent; one that waits says so at once and goes on"
    )
    func interrupted() async throws {
        try await Self.with { site, _, window in
            let report = try site.folder.write("proof 0: 9 events, 0 missing", to: "proof.txt")
            let first = Self.verify(site, window, "--report", report)
            try await eventually("its scratch is there") { Self.scratchExists(site) }
            let second = Self.verify(site, window)
            try await second.waitUntil("says what it waits for", within: .seconds(20)) {
                $0.contains { $0.hasPrefix("waiting: proof 1, another verify of ") && $0.contains(" since ") }
            }

            try first.send(.interrupt)
            let status = try await first.exit(within: .seconds(20))
            try await eventually("the next one is under way", within: .seconds(20)) {
                try await site.number(
                    "SELECT planned IS NOT NULL FROM (SELECT json_extract(result, '$.planned') AS "
                        + "planned FROM proof WHERE id = 2)"
                ) == 1
            }
            // Nothing is said any more by one that is killed: the daemon finds out.
            try await second.kill()
            try await eventually("the second ends in the daemon", within: .seconds(40)) {
                try await Self.states(site) == ["stopped", "stopped"]
            }

            #expect(status == .exited(3), "\(first.lastLines)")
            #expect(
                first.lines(.errors).contains {
                    $0.contains("it was cancelled by the command that asked for it")
                },
                "\(first.lastLines)"
            )
            #expect(
                first.lines(.output).contains { $0.contains("stopped before it finished and proves nothing") }
            )
            // What an older proof had found there does not look like its result.
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
        "a repair whose daemon is killed says that it did not finish, and so does what is kept; a restart cleans up"
    )
    func killed() async throws {
        try await Self.with { site, daemon, window in
            let repair = Self.verify(site, window, "--repair")
            try await eventually("its scratch is there") { Self.scratchExists(site) }

            try await daemon.kill()
            try await repair.waitUntil("waits for the daemon", within: .seconds(30)) {
                $0.contains { $0.contains("the daemon does not answer") }
            }
            let wasLeft = Self.scratchExists(site)
            let again = try await site.daemon()
            let status = try await repair.exit(within: .seconds(30))
            try await eventually("the scratch of the killed daemon goes") { !Self.scratchExists(site) }
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
            // A daemon that is told to stop ends what it proves at once, too.
            let last = Self.verify(site, window)
            try await eventually("its scratch is there") { Self.scratchExists(site) }
            try await again.terminate(within: .seconds(20))
            #expect(!Self.scratchExists(site))
            #expect(try await Self.states(site) == ["stopped", "stopped"])
            await last.end()
        }
    }

    @Test("without a daemon Ctrl-C ends it as well, and a second command is refused rather than left to wait")
    func direct() async throws {
        try await Self.with { site, daemon, window in
            try await daemon.terminate()
            let first = Self.verify(site, window)
            try await eventually("its scratch is there") { Self.scratchExists(site) }

            let second = try await site.spool("verify", "--from", window.fromText, "--to", window.toText)
            try first.send(.interrupt)
            let status = try await first.exit(within: .seconds(20))

            #expect(second.code == 4, "\(second)")
            #expect(second.errors.contains("holds the spool and proves nothing for others"), "\(second)")
            #expect(status == .exited(3), "\(first.lastLines)")
            #expect(first.lines(.errors).contains { $0.contains("it was interrupted") }, "\(first.lastLines)")
            #expect(try await Self.states(site) == ["stopped"])
            #expect(!Self.scratchExists(site))
        }
    }
}
