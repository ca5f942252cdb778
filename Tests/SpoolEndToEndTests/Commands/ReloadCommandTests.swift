import Foundation
import SpoolReceiver
import SpoolSimulator
import SpoolTestSupport
import Subprocess
import Testing

@Suite("spool reload", .daemons)
struct ReloadCommandTests {
    private struct Report: Decodable {
        struct Change: Decodable, Equatable {
            let subject: String
            let change: String
        }

        let reloaded: Bool
        let problems: [String]
        let changes: [Change]

        init(_ answer: Answer) throws {
            self = try JSONDecoder().decode(Self.self, from: Data(answer.output.utf8))
        }
    }

    @Test("waits for the reload and shows what has changed, or that nothing has")
    func taken() async throws {
        try await Site.run(.busy(history: 20)) { site in
            let (old, new) = (try await site.receiver(), try await site.receiver())
            try site.configure { $0.sinks = [.init("siem", port: old.port), .init("other", port: old.port)] }
            let daemon = try await site.daemon()

            try site.configure {
                $0.sinks = [.init("siem", port: new.port), .init("third", port: new.port)]
                $0.groups["notifications"] = "{ gap_after: 6m }"
            }
            let changed = try Report(try await site.spool("reload", "--json"))
            let same = try await site.spool("reload")
            try await daemon.terminate()

            #expect(changed.reloaded && changed.problems.isEmpty)
            #expect(
                changed.changes == [
                    .init(subject: "sink siem", change: "changed"),
                    .init(subject: "sink third", change: "added"),
                    .init(subject: "sink other", change: "removed"),
                    .init(subject: "notifications", change: "changed"),
                ]
            )
            #expect(same.code == 0 && same.output.contains("reloaded, nothing has changed"), "\(same)")
        }
    }

    @Test("ends with exit code 2 and every reason if the daemon rejects it")
    func refused() async throws {
        try await Site.run(.busy(history: 20)) { site in
            let receiver = try await site.receiver()
            let port = try Ports.free()
            try site.configure {
                $0.sinks = [.init("siem", port: receiver.port)]
                $0.status = "{ listen: 127.0.0.1:\(port) }"
            }
            let good = site.configuration
            let daemon = try await site.daemon()

            try site.configure {
                $0.sinks[0].keys.merge(["transprot": "udp", "formt": "x"]) { _, new in new }
            }
            let mistakes = try await site.spool("reload")
            try site.configure { $0 = good }
            try site.configure { $0.status = "{ listen: none }" }
            let listen = try await site.spool("reload", "--json")
            let refused = try Report(listen)
            try site.configure { $0 = good }
            let right = try await site.spool("reload")
            let status = try await site.spool("status", "--json")
            try await daemon.terminate()

            #expect(mistakes.code == 2 && mistakes.output.isEmpty, "\(mistakes)")
            #expect(mistakes.errors.contains(#/spool\.yaml:\d+:\d+: .*transprot/#), "\(mistakes)")
            #expect(mistakes.errors.contains(#/spool\.yaml:\d+:\d+: .*formt/#), "\(mistakes)")
            #expect(listen.code == 2 && !refused.reloaded && refused.changes.isEmpty, "\(listen)")
            #expect(refused.problems.first?.contains("status.listen has changed") == true, "\(listen)")
            #expect(right.code == 0, "\(right)")
            #expect(!status.output.contains("reload_refused"))
        }
    }

    @Test(
        "fails if the file does not lead to the daemon, and makes the process of --pid reject the file"
    )
    func notFound() async throws {
        try await Site.run(.busy(history: 20)) { site in
            let receiver = try await site.receiver()
            try site.configure { $0.sinks = [.init("siem", port: receiver.port)] }
            let none = try await site.spool("reload")
            let daemon = try await site.daemon()
            let pid = try #require(daemon.processID)

            try site.configure {
                let text = $0.yaml(folder: "FOLDER", url: "PORTAL")
                $0.text = text.replacing("FOLDER/spool.db", with: "FOLDER/other.db")
            }
            let moved = try await site.spool("reload")
            let asked = try await site.spool("reload", "--pid", "\(pid)")
            try await daemon.waitUntil("refuses the file") { lines in
                lines.contains {
                    $0.isLog("reload failed, previous configuration kept")
                        && $0.contains("spool.path has changed")
                }
            }
            try await daemon.terminate()

            #expect(none.code == 3 && none.errors.contains("no daemon is running on"), "\(none)")
            #expect(moved.code == 3 && moved.errors.contains("other.db"), "\(moved)")
            #expect(asked.code == 3 && asked.errors.contains("was sent SIGHUP"), "\(asked)")
        }
    }
}
