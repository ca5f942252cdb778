import SpoolReceiver
import SpoolSimulator
import SpoolTestSupport
import Subprocess
import Testing

@Suite("a daemon killed at any moment", .daemons)
struct KillTests {
    private static let kills = 50

    /// The positions of the spool and each sink when a process was killed.
    private struct Mark: Decodable {
        let stream: String
        let settled: Int64
        let last: Int64
    }

    @Test(
        "50 kills during work with a faulty portal lose no event and repeat only unsettled ones",
        .timeLimit(.minutes(30))
    )
    func kills() async throws {
        var random = SeededGenerator(seed: 6)
        try await Site.run(.busy(history: 3_000, rate: 40)) { site in
            let receiver = try await site.receiver()
            try site.configure {
                $0.sinks = [.init("siem", port: receiver.port)]
                $0.activities = "{ start: 3d, look_back: 5s, sweep: 1s, page_limit: 500 }"
            }
            for (fault, probability) in Self.faults {
                site.simulator.addFault(fault, .probability(probability))
            }
            var marks: [Mark] = []

            for round in 0..<Self.kills {
                let daemon = try await site.daemon()
                Self.insertLate(round, site.simulator)
                // Most kills happen before the grace period of TCP settles anything, every fifth around its
                // end.
                let moment =
                    round % 5 == 4
                    ? Int.random(in: 1_900...2_600, using: &random)
                    : Int.random(in: 50...1_500, using: &random)
                try await Task.sleep(for: .milliseconds(moment))
                try await daemon.kill()
                marks += try await Self.marks(site)
            }

            site.simulator.clearFaults()
            let daemon = try await site.daemon()
            let visible = try await site.fetchAll()
            try await site.drain("siem")
            #expect(try await daemon.terminate() == .exited(0))

            try await Accounts(site: site).check()
            try await Accounts(site: site).checkCursors()
            let events = try await site.events()
            #expect(Set(events.map(\.id)) == visible)
            #expect(visible.isSuperset(of: (0..<Self.kills).map { "late-\($0)" }))
            let received = receiver.ids
            #expect(Set(received.keys) == visible)
            for event in events {
                let unsettled = marks.count {
                    $0.stream == event.stream && event.seq > $0.settled && event.seq <= $0.last
                }
                let times = received[event.id] ?? 0
                #expect(
                    times <= 1 + unsettled,
                    "\(event.id) arrived \(times) times, and was unsettled \(unsettled) times"
                )
            }
            // Otherwise the test would not cover settlements that a kill interrupts.
            #expect(marks.contains { $0.settled > 0 && $0.settled < $0.last })
        }
    }

    private static let faults: [(Fault, Double)] = [
        (.throttled(.seconds(1)), 0.02), (.throttled(.absent), 0.01), (.status(503), 0.04), (.reset, 0.03),
        (.truncated(.declared), 0.02), (.truncated(.consistent), 0.02), (.htmlPage, 0.02), (.notJSON, 0.01),
        (.shortPage, 0.1), (.samePage, 0.02), (.stall(seconds: 0.2), 0.03),
    ]

    /// Adds a record that becomes visible only seconds after the portal saved it.
    private static func insertLate(_ round: Int, _ simulator: Simulator) {
        let now = simulator.clock.nowMs
        let record = SimulatedRecord(
            id: "late-\(round)",
            created: now,
            visibleAt: now + Int64(round % 4) * 1_000
        )
        simulator.insert(record, into: .activities)
    }

    private static func marks(_ site: Site) async throws -> [Mark] {
        try await site.query(
            """
            SELECT t.name AS stream, s.watermark_seq AS settled,
                coalesce((SELECT max(seq) FROM event e WHERE e.stream_id = t.id), 0) AS last
            FROM subscription s JOIN stream t ON t.id = s.stream_id
            """
        )
    }
}
