import Foundation
import SpoolReceiver
import SpoolSimulator
import SpoolTestSupport
import Testing

@Suite("--json of commands that change something", .daemons)
struct CommandJSONTests {
    /// A replay, as every command prints it.
    struct Job: Decodable {
        let id: Int
        let sink: String
        let state: String
        let total: Int
        let sent: Int
        let from_ms: Int64
        let reason: String?
    }

    /// The output of `spool replay`.
    struct Started: Decodable {
        struct Sink: Decodable {
            struct Estimate: Decodable {
                struct Holding: Decodable {
                    let stream: String
                    let events: Int
                    let oldest_ms: Int64?
                }

                let in_window: Int
                let to_send: Int
                let kernel: Int
                let seconds: Int?
                let per_second: Double?
                let rate_basis: String?
                let holdings: [Holding]
            }

            let sink: String
            let estimate: Estimate
            let replay: Job?
        }

        let dry_run: Bool
        let missing_only: Bool
        let sinks: [Sink]
    }

    struct Checked: Decodable {
        struct Problem: Decodable {
            let line: Int
            let column: Int
            let message: String
        }

        struct Connection: Decodable {
            let subject: String
            let reachable: Bool
        }

        let valid: Bool
        let configuration: String?
        let problems: [Problem]
        let error: String?
        let connections: [Connection]?
    }

    private func parse<Value: Decodable>(_ answer: Answer, _ type: Value.Type = Value.self) throws -> Value {
        try JSONDecoder().decode(Value.self, from: Data(answer.output.utf8))
    }

    @Test("replay: estimate, finished replay and removal; standard output contains only JSON")
    func direct() async throws {
        try await Site.run(.busy(history: 60)) { site in
            let siem = try await site.receiver()
            let ids = try await site.deliverAll(to: [.init("siem", port: siem.port)])

            let dry = try await site.spool("replay", "--from", "3d", "--to", "0s", "--json", "--dry-run")
            let made = try await site.spool("replay", "--from", "3d", "--to", "0s", "--json")
            let shown = try await site.spool("replay", "show", "1", "--json")
            let late = try await site.spool("replay", "resume", "1", "--json")
            let removed = try await site.spool("replay", "remove", "1", "--json")

            let estimate = try #require(try parse(dry, Started.self).sinks.first)
            #expect(dry.code == 0 && estimate.replay == nil)
            #expect(estimate.estimate.to_send == ids.count && estimate.estimate.kernel == ids.count)
            #expect(estimate.estimate.holdings.map(\.events).reduce(0, +) == ids.count)
            #expect(estimate.estimate.per_second.map { $0 > 0 } == true, "\(dry)")
            #expect(estimate.estimate.seconds != nil && estimate.estimate.rate_basis != nil)
            let job = try #require(try parse(made, Started.self).sinks.first?.replay)
            #expect(made.code == 0 && made.errors.isEmpty, "\(made)")
            #expect((job.state, job.sent, job.total) == ("disabled", ids.count, ids.count))
            #expect(try parse(shown, Job.self).id == job.id)
            #expect(late.code == 2 && late.output.isEmpty && late.errors.contains("has ended"), "\(late)")
            #expect(try parse(removed, Job.self).sent == ids.count)
        }
    }

    @Test("with a daemon, pause, resume and cancel print the current state of the replay")
    func moves() async throws {
        try await Site.run(.busy(history: 60)) { site in
            let siem = try await site.receiver()
            try await site.deliverAll(to: [.init("siem", port: siem.port)])
            await siem.stop()
            let daemon = try await site.daemon()

            let made = try await site.spool("replay", "--from", "3d", "--to", "0s", "--json")
            let paused = try await site.spool("replay", "pause", "1", "--json")
            let resumed = try await site.spool("replay", "resume", "1", "--json")
            let cancelled = try await site.spool("replay", "cancel", "1", "--json")
            try await daemon.terminate()

            #expect(try parse(made, Started.self).sinks.first?.replay?.state == "running")
            #expect(try parse(paused, Job.self).state == "paused")
            #expect(try parse(resumed, Job.self).state == "running")
            let end = try parse(cancelled, Job.self)
            #expect(end.state == "cancelled" && end.reason == nil, "the operator knows the reason")
        }
    }

    @Test("the estimate for a window that the spool does not hold shows what it holds and names --refetch")
    func notHeld() async throws {
        try await Site.run(.busy(history: 60)) { site in
            let siem = try await site.receiver()
            try await site.deliverAll(to: [.init("siem", port: siem.port)])

            let early = try await site.spool("replay", "--from", "20d", "--to", "10d", "--dry-run")

            #expect(early.code == 0 && early.output.contains("siem: 0 events occurred"), "\(early)")
            #expect(
                early.output.contains(/tenant\/activities: the spool holds \d+ events, occurred from 20/),
                "\(early)"
            )
            #expect(early.output.contains("the stream starts there"), "\(early)")
            #expect(early.output.contains("--refetch reads the window from the source"), "\(early)")
        }
    }

    @Test(
        "check: a valid file with and without connections, all problems of an invalid one, and a missing one"
    )
    func check() async throws {
        try await Site.run(.busy(history: 0)) { site in
            let siem = try await site.receiver()
            try site.configure { $0.sinks = [.init("siem", port: siem.port), .init("gone", port: 9)] }
            let good = try await site.spool("check", "--json")
            let asked = try await site.spool("check", "--connect", "--json")
            try site.configure { $0.sinks[0].keys["framing"] = "nonsense" }
            let bad = try await site.spool("check", "--json")
            let none = try await Child.answer(
                BuiltProduct.spool,
                ["check", "--json", "--config", "/nonexistent.yaml"]
            )

            #expect(good.code == 0)
            #expect(try parse(good, Checked.self).valid)
            #expect(try parse(good, Checked.self).connections == nil)
            let connections = try #require(try parse(asked, Checked.self).connections)
            #expect(asked.code == 3 && asked.errors.contains("1 of 4 is unreachable"), "\(asked)")
            #expect(connections.filter { !$0.reachable }.map(\.subject) == ["sink gone"])
            let problems = try parse(bad, Checked.self)
            #expect(bad.code == 2 && !problems.valid && problems.error == nil)
            #expect(
                problems.problems.count == 1 && problems.problems.allSatisfy { $0.line > 1 && $0.column > 1 }
            )
            #expect(problems.problems.first?.message.contains("nonsense") == true)
            let missing = try parse(none, Checked.self)
            #expect(none.code == 2 && !missing.valid && missing.error?.contains("/nonexistent.yaml") == true)
        }
    }

    @Test("simulate prints its address and token on one line")
    func simulate() async throws {
        try await Site.run(.busy(history: 0)) { site in
            let portal = site.start("simulate", BuiltProduct.spool, ["simulate", "--port", "0", "--json"])
            try await portal.waitUntil("prints its address") { !$0.isEmpty }

            let line = try #require(portal.lines(.output).first)
            let told = try JSONDecoder().decode([String: String].self, from: Data(line.utf8))

            #expect(told["url"]?.hasPrefix("http://127.0.0.1:") == true)
            #expect(told["token"]?.isEmpty == false)
        }
    }
}
