import Foundation
import SpoolReceiver
import SpoolSimulator
import SpoolTestSupport
import Subprocess
import Testing

@Suite("plain sqlite3 on the spool while the daemon writes", .daemons)
struct PlainSQLTests {
    @Test(
        "two hundred reads of backlog during writes show what waits, never fail and never block the writer"
    )
    func backlog() async throws {
        try await Site.run(.busy(history: 500, rate: 200)) { site in
            let receiver = try await site.receiver()
            await receiver.stop()
            try site.configure { $0.sinks = [.init("siem", port: receiver.port)] }
            let daemon = try await site.daemon()
            let first = try await site.waiting("siem")

            for _ in 1...200 {
                let answer = try await Child.answer("sqlite3", [site.spoolPath, "select * from backlog"])
                #expect(answer.code == 0 && answer.errors.isEmpty, "\(answer)")
                #expect(answer.output.split(separator: "\n").count == 2)
            }
            try await eventually("the backlog has grown") { try await site.waiting("siem") > first + 100 }
            try await receiver.restart()
            let visible = try await site.fetchAll()
            try await receiver.await(ids: visible.count)
            try await site.drain("siem")
            try await daemon.terminate()

            #expect(Set(receiver.ids.keys) == visible)
        }
    }

    @Test("a reader that forgets an open transaction stops neither fetching nor sending")
    func forgottenTransaction() async throws {
        try await Site.run(.busy(history: 500, rate: 50)) { site in
            let receiver = try await site.receiver()
            try site.configure { $0.sinks = [.init("siem", port: receiver.port)] }
            let daemon = try await site.daemon()
            try await receiver.await(ids: 500)
            // The shell waits for more input, its transaction open.
            let reader = site.start(
                "sqlite3",
                "sh",
                [
                    "-c", "(echo 'BEGIN; SELECT count(*) FROM event;'; exec sleep 600) | exec sqlite3 \"$0\"",
                    site.spoolPath,
                ]
            )
            try await reader.waitUntil("has started to read") { !$0.isEmpty }

            try await receiver.await(ids: receiver.counts.ids + 300)
            let visible = try await site.fetchAll()
            try await site.drain("siem")
            let status = try await daemon.terminate()
            let stillReads = reader.isRunning

            #expect(stillReads)
            #expect(status == .exited(0))
            #expect(Set(receiver.ids.keys) == visible)
        }
    }

    @Test("every view can be read, and spool query returns the same rows as sqlite3")
    func views() async throws {
        try await Site.run(.busy(history: 200, rate: 5)) { site in
            let receiver = try await site.receiver()
            try site.configure { $0.sinks = [.init("siem", port: receiver.port)] }
            let daemon = try await site.daemon()
            try await site.waitForSettled(200, of: "siem")

            let views = try await site.query(
                "SELECT name FROM sqlite_schema WHERE type = 'view'",
                as: View.self
            )
            .map(\.name)
            #expect(Set(views).isSuperset(of: Self.promised))
            for view in views {
                let plain = try await Child.answer("sqlite3", [site.spoolPath, "select * from \(view)"])
                let ours = try await site.spool("query", "select * from \(view)")
                #expect(plain.code == 0 && plain.errors.isEmpty, "\(plain)")
                #expect(ours.code == 0, "\(ours)")
            }
            let replay = try await site.spool("replay", "--from", "4d", "--to", "0s", "--yes", "--wait")
            #expect(replay.code == 0, "\(replay)")
            try await site.fetchAll()
            try await site.drain("siem")
            try await daemon.terminate()
            // Nothing changes any more, so the rows must be equal.
            for view in views {
                let sql = "select * from \(view)"
                let plain = try await Child.answer("sqlite3", ["-json", "-readonly", site.spoolPath, sql])
                let ours = try await site.spool("query", "--json", sql)
                let rows = try Self.objects(plain.output)
                #expect(try rows == Self.objects("[\(ours.output.replacing("\n", with: ","))]"), "\(view)")
                #expect(!rows.isEmpty || !Self.filled.contains(view), "\(view) has no rows")
            }
            let sql = "select seq, id, message, raw from events order by seq limit 50"
            let plain = try await Child.answer("sqlite3", ["-json", site.spoolPath, sql])
            let ours = try await site.spool("query", "--json", sql)
            let refused = try await site.spool("query", "delete from event")

            #expect(try Self.rows(plain.output) == Self.rows("[\(ours.output.replacing("\n", with: ","))]"))
            #expect(refused.code == 2, "\(refused)")
            #expect(try await site.number("SELECT count(*) FROM event") == site.visible.count)
        }
    }

    private struct View: Decodable { let name: String }

    private static let promised: Set = [
        "events", "backlog", "deliveries", "gaps", "coverage", "dead_letters", "replays", "health", "proofs",
    ]
    /// The views that contain rows at the end of the test.
    private static let filled: Set = ["events", "backlog", "deliveries", "replays", "health"]

    /// The rows of a JSON array in a canonical form, sorted.
    private static func objects(_ json: String) throws -> [String] {
        let rows = try JSONSerialization.jsonObject(with: Data((json.isEmpty ? "[]" : json).utf8))
        return try (rows as? [[String: Any]] ?? []).map { row in
            String(
                decoding: try JSONSerialization.data(withJSONObject: row, options: .sortedKeys),
                as: UTF8.self
            )
        }
        .sorted()
    }

    private struct Row: Decodable, Equatable {
        let seq: Int64
        let id: String
        let message: String
        let raw: String
    }

    private static func rows(_ json: String) throws -> [Row] {
        try JSONDecoder().decode([Row].self, from: Data(json.utf8))
    }
}
