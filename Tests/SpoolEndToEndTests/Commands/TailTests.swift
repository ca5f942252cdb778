import Foundation
import SpoolReceiver
import SpoolSimulator
import SpoolTestSupport
import Subprocess
import Testing

@Suite("spool tail", .daemons)
struct TailTests {
    struct Line: Decodable {
        struct Event: Decodable {
            let id: String
            let seq: Int64
            let category: String
        }
        struct Settlement: Decodable {
            let sink: String
            let outcome: String
            let evidence: String?
        }
        let event: Event
        let settlement: Settlement?
    }

    @Test("follows events as they are spooled and as a sink settles them, each once and in order")
    func follows() async throws {
        try await Site.run(.busy(history: 30)) { site in
            let siem = try await site.receiver()
            let before = try await site.deliverAll(to: [.init("siem", port: siem.port)])
            let spooled = site.start(
                "spool tail",
                BuiltProduct.spool,
                ["tail", "--config", site.configurationPath, "--json", "-n", "3"]
            )
            let settled = site.start(
                "spool tail --settled",
                BuiltProduct.spool,
                [
                    "tail", "--config", site.configurationPath, "--json", "-n", "0", "--settled", "--sink",
                    "siem",
                ]
            )
            try await spooled.waitUntil("has shown the last three") { $0.count >= 3 }

            let daemon = try await site.daemon()
            site.simulator.setRate(activitiesPerSecond: 40)
            try await spooled.waitUntil("shows new ones") { $0.count >= 40 }
            let visible = try await site.fetchAll()
            try await site.drain("siem")
            let new = visible.subtracting(before).count
            try await spooled.waitUntil("shows all") { $0.count >= 3 + new }
            try await settled.waitUntil("shows all") { $0.count >= new }
            try spooled.send(.interrupt)
            try settled.send(.terminate)
            let ends = (try await spooled.exit(), try await settled.exit())
            try await daemon.terminate()

            let (first, second) = (try Self.lines(spooled), try Self.lines(settled))
            #expect(ends == (.exited(0), .exited(0)))
            #expect(first.map(\.event.seq) == first.map(\.event.seq).sorted())
            #expect(Set(first.dropFirst(3).map(\.event.id)) == visible.subtracting(before))
            #expect(first.count == 3 + new)
            #expect(Set(second.map(\.event.id)) == visible.subtracting(before) && second.count == new)
            #expect(
                second.allSatisfy { $0.settlement?.sink == "siem" && $0.settlement?.outcome == "delivered" }
            )
        }
    }

    /// Runs a command whose output is not read, sends SIGTERM once its pipe is full, and prints how it ended.
    private static let unread = """
        import array, fcntl, os, subprocess, sys, termios, time
        read, write = os.pipe()
        fcntl.fcntl(write, 1031, 4096)
        child = subprocess.Popen(sys.argv[1:], stdout=write)
        def waiting():
            count = array.array("i", [0])
            fcntl.ioctl(read, termios.FIONREAD, count)
            return count[0]
        while waiting() == 0 and child.poll() is None: time.sleep(0.05)
        child.terminate()
        try: print("ended", child.wait(20), flush=True)
        finally: child.kill()
        """

    @Test(
        "SIGTERM ends it with and without --follow when its output is not read",
        arguments: ["--follow", "--no-follow"]
    )
    func unread(option: String) async throws {
        try await Site.run(.busy(history: 500)) { site in
            let siem = try await site.receiver()
            try await site.deliverAll(to: [.init("siem", port: siem.port)])

            let answer = try await Child.answer(
                "python3",
                ["-c", Self.unread, BuiltProduct.spool, "tail", "--config", site.configurationPath]
                    + [option, "-n", "500"],
                within: .seconds(30)
            )

            #expect(answer.output == "ended 0", "\(answer)")
        }
    }

    @Test("shows the last events that match a filter, and exits with --no-follow")
    func filters() async throws {
        try await Site.run(.busy(history: 200)) { site in
            let siem = try await site.receiver()
            try await site.deliverAll(to: [.init("siem", port: siem.port)])

            let login = try await tail(site, "--category", "login", "-n", "1000")
            let some = try await tail(site, "--category", "LOGIN", "-n", "2")
            let alerts = try await tail(site, "--stream", "tenant/alerts", "--settled", "-n", "1000")
            let nothing = try await tail(site, "--grep", "there is no such text")
            let text = try await site.spool("tail", "--no-follow", "-n", "1")
            let wrong = try await site.spool("tail", "--no-follow", "--sink", "siem")

            let events = try await site.query(
                "SELECT external_id AS id, seq, category FROM event ORDER BY seq",
                as: Line.Event.self
            )
            let logins = events.filter { $0.category == "EVENT_CATEGORY_LOGIN" }.map(\.id)
            #expect(logins.count > 10)
            #expect(login.map(\.event.id) == logins)
            #expect(some.map(\.event.id) == logins.suffix(2))
            #expect(Set(alerts.map(\.event.id)) == site.simulator.visibleIDs(.alerts))
            #expect(nothing.isEmpty)
            #expect(text.code == 0 && text.output.hasSuffix(events.last?.id ?? "?"), "\(text)")
            #expect(wrong.code == 2, "\(wrong)")
        }
    }

    private func tail(_ site: Site, _ options: String...) async throws -> [Line] {
        let answer = try await Child.answer(
            BuiltProduct.spool,
            ["tail", "--config", site.configurationPath, "--json", "--no-follow"] + options
        )
        #expect(answer.code == 0, "\(answer)")
        return try answer.output.split(separator: "\n").map {
            try JSONDecoder().decode(Line.self, from: Data($0.utf8))
        }
    }

    private static func lines(_ child: Child) throws -> [Line] {
        try child.lines(.output).map { try JSONDecoder().decode(Line.self, from: Data($0.utf8)) }
    }
}
