import Foundation
import NIOCore
import SpoolSimulator
import SpoolTestSupport
import Testing

@Suite("The simulator")
struct SimulatorTests {
    @Test("sends the portal's own time as Date")
    func date() async throws {
        try await Simulator.run(quietPortal()) { simulator async throws in
            let client = PortalClient(simulator)

            let before = try await client.list(.activities).header("Date")
            simulator.clock.advance(by: .seconds(3 * 86_400))
            let after = try await client.list(.activities).header("Date")

            #expect(before == "Sun, 15 Jun 2025 15:06:40 GMT")
            #expect(after == "Wed, 18 Jun 2025 15:06:40 GMT")
        }
    }

    @Test("refuses connections while it is stopped, and continues on the same port")
    func outage() async throws {
        try await Simulator.run(quietPortal { $0.history = 50 }) { simulator async throws in
            var client = PortalClient(simulator)
            #expect(try await client.list(.activities).ids.count == 50)

            await simulator.stop()
            client.timeout = .milliseconds(300)
            await #expect(throws: (any Error).self) { try await client.list(.activities) }
            try await simulator.restart()
            client.timeout = .minutes(5)

            #expect(try await client.list(.activities).ids.count == 50)
        }
    }

    @Test(
        "stops while responses are slow and requests keep arriving",
        .timeLimit(.minutes(5)),
        arguments: 1...5
    )
    func stopWhileBusy(round: Int) async throws {
        try await Simulator.run(quietPortal { $0.history = 50 }) { simulator async throws in
            simulator.addFault(.slow(seconds: 600), on: [.alerts], .always)
            let client = PortalClient(simulator)
            await withTaskGroup { group in
                for number in 0..<20 {
                    group.addTask { _ = try? await client.list(number % 2 == 0 ? .alerts : .activities) }
                }
                try? await simulator.waitUntil { $0.total >= round * 3 }
                await simulator.stop()
                group.cancelAll()
            }
        }
    }

    @Test("uses HTTPS if it has a certificate")
    func https() async throws {
        let folder = try TemporaryFolder()
        let certificates = try await TestCertificates(in: folder)
        let server = certificates.server
        let configuration = quietPortal {
            $0.history = 10
            $0.tls = SimulatorTLS(certificateFile: server.certFile, keyFile: server.keyFile)
        }
        try await Simulator.run(configuration) { simulator async throws in
            let page = try await PortalClient(simulator).list(.activities, trusting: certificates.caFile)

            #expect(simulator.url.hasPrefix("https://"))
            #expect(page.ids.count == 10)
        }
    }

    @Test("closes connections without a response while it hangs up, but keeps its controls")
    func hangUp() async throws {
        try await Simulator.run(quietPortal()) { simulator async throws in
            let client = PortalClient(simulator)

            _ = try await client.send("POST", "/simulator/portal", Array(#"{"hangs_up":true}"#.utf8))
            await #expect(throws: (any Error).self) { try await client.list(.activities) }
            _ = try await client.send("POST", "/simulator/portal", Array(#"{"hangs_up":false}"#.utf8))

            #expect(try await client.list(.activities).status == 200)
            #expect(simulator.requests.requests.first?.status == 0)
        }
    }

    @Test("exports the truth with bounds, and the records shown")
    func truth() async throws {
        try await Simulator.run(quietPortal { $0.history = 300 }) { simulator async throws in
            let client = PortalClient(simulator)
            let shown = try await client.list(.activities).ids
            func lines(_ query: String) async throws -> [[String: Any]] {
                let bytes = try await client.send("GET", "/simulator/truth?stream=activities&\(query)").bytes
                return bytes.split(separator: 0x0A).compactMap {
                    (try? JSONSerialization.jsonObject(with: Data($0))) as? [String: Any]
                }
            }

            let all = try await lines("")
            let seen = try await lines("shown=true")
            let middle = someTime - 24 * 3_600_000
            let late = try await lines("from=\(middle)")
            let early = try await lines("to=\(middle)")

            #expect(all.count == 300)
            #expect(Set(seen.compactMap { $0["id"] as? String }) == Set(shown))
            #expect(late.count + early.count == 300 && !late.isEmpty && !early.isEmpty)
            #expect(
                simulator.visibleIDs(.activities, TruthWindow(.created, fromMs: middle)).count == late.count
            )
        }
    }

    @Test("keeps a log of requests by stream and kind, and lets tasks wait for them")
    func log() async throws {
        try await Simulator.run(quietPortal()) { simulator async throws in
            let client = PortalClient(simulator)
            async let waited: Void = simulator.waitUntil { $0.requests(for: .activities, .scan).count == 2 }

            _ = try await client.list(.activities, ["isScan": true])
            _ = try await client.list(.activities, ["isScan": true])
            _ = try await client.list(.alerts, ["limit": 3])
            try await waited

            let log = simulator.requests
            #expect(log.requests(for: .alerts).first?.body == #"{"limit":3}"#)
            #expect(log.requests(for: .activities, .list).isEmpty)
            let counts = try await client.send("GET", "/simulator/requests").json
            #expect(counts["activities_scan"] as? Int == 2)
            #expect(counts["busiest_minute"] as? Int == 3)
        }
    }

    @Test("resumes cancelled waiting tasks")
    func cancelledWait() async throws {
        try await Simulator.run(quietPortal()) { simulator async throws in
            let waiting = Task { try await simulator.waitUntil { _ in false } }
            waiting.cancel()

            await #expect(throws: CancellationError.self) { try await waiting.value }
        }
    }

    @Test("has a clock that runs at the configured speed")
    func clock() async throws {
        try await Simulator.run(quietPortal()) { simulator async throws in
            let client = PortalClient(simulator)

            let stopped = try await client.send("GET", "/simulator/clock").json["now_ms"] as? Int64
            let moved =
                try await client.send("POST", "/simulator/clock", Array(#"{"advance_ms":5000}"#.utf8))
                .json["now_ms"] as? Int64
            simulator.clock.setSpeed(1_000_000)
            let first = simulator.clock.nowMs
            try await Task.sleep(for: .milliseconds(5))

            #expect(stopped == someTime)
            #expect(moved == someTime + 5000)
            #expect(simulator.clock.nowMs - first >= 5_000_000)
        }
    }

    @Test("pages through a long history quickly")
    func largeHistory() async throws {
        let configuration = quietPortal {
            $0.history = 300_000
            $0.historyWindow = .seconds(30 * 86_400)
            $0.limits = PageLimits()
        }
        try await Simulator.run(configuration) { simulator async throws in
            let client = PortalClient(simulator)
            let from = someTime - 3 * 86_400_000

            let page = try await client.list(
                .activities,
                [
                    "filters": ["created": ["gte": from]], "isScan": true, "sortField": "created",
                    "sortDirection": "asc", "limit": 500,
                ]
            )

            #expect(page.hasNext && page.ids.count > 400)
            #expect(page.times("created").allSatisfy { $0 >= from })
        }
    }
}
