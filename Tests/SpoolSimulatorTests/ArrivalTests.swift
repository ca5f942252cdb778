import SpoolSimulator
import Testing

@Suite("Records")
struct ArrivalTests {
    @Test("arrive at the configured rate as the portal's time passes")
    func rate() async throws {
        let configuration = quietPortal {
            $0.activitiesPerSecond = 100
            $0.activitiesPerAlert = 10
        }
        try await Simulator.run(configuration) { simulator async throws in
            simulator.clock.advance(by: .seconds(60))

            #expect((5900...6100).contains(simulator.truth(.activities).count))
            #expect((550...650).contains(simulator.truth(.alerts).count))
            simulator.setRate(activitiesPerSecond: 0)
            let count = simulator.truth(.activities).count
            simulator.clock.advance(by: .seconds(3 * 86_400))
            #expect(simulator.truth(.activities).count == count)
        }
    }

    @Test("are the same for the same seed, and different for another")
    func determinism() async throws {
        func everything(seed: UInt64) async throws -> [[UInt8]] {
            let configuration = quietPortal {
                $0.seed = seed
                $0.history = 200
            }
            return try await Simulator.run(configuration) { simulator async throws in
                simulator.truth(.activities).compactMap { $0.id }.compactMap {
                    simulator.raw(id: $0, in: .activities)
                }
            }
        }

        let first = try await everything(seed: 7)
        let again = try await everything(seed: 7)
        let other = try await everything(seed: 8)

        #expect(first.count == 200)
        #expect(first == again)
        #expect(first != other)
    }

    @Test("that are late are hidden until their time, then listed in their position")
    func lateArrival() async throws {
        try await Simulator.run(quietPortal()) { simulator async throws in
            let client = PortalClient(simulator)
            simulator.insert(SimulatedRecord(id: "early", created: someTime - 1000), into: .activities)
            simulator.insert(
                SimulatedRecord(id: "late", created: someTime - 2000, visibleAt: someTime + 60_000),
                into: .activities
            )

            let before = try await client.list(.activities, ["sortField": "created", "sortDirection": "asc"])
            simulator.clock.advance(by: .seconds(60))
            let after = try await client.list(.activities, ["sortField": "created", "sortDirection": "asc"])

            #expect(before.ids == ["early"])
            #expect(after.ids == ["late", "early"])
        }
    }

    @Test("include late ones as in public samples")
    func lateness() async throws {
        let configuration = quietPortal {
            $0.history = 5000
            $0.activitiesPerAlert = 10
            $0.lateness = Lateness()
        }
        try await Simulator.run(configuration) { simulator async throws in
            let activities = simulator.truth(.activities)
            let alerts = simulator.truth(.alerts)

            #expect(activities.contains { $0.created - $0.timestamp == 26 * 3_600_000 })
            #expect(activities.contains { $0.visibleAt - $0.created >= 60_000 })
            #expect(alerts.contains { $0.created - $0.timestamp > 15 * 3_600_000 })
        }
    }

    @Test("that share a millisecond occur, and all times are in the history's window")
    func history() async throws {
        let configuration = quietPortal {
            $0.history = 3000
            $0.historyWindow = .seconds(180 * 86_400)
        }
        try await Simulator.run(configuration) { simulator async throws in
            let created = simulator.truth(.activities).map(\.created)

            #expect(created.count == 3000)
            #expect(Set(created).count < 3000)
            #expect(created.allSatisfy { $0 <= someTime && $0 >= someTime - 180 * 86_400_000 })
        }
    }

    @Test("are listed byte for byte as they were inserted")
    func exactBytes() async throws {
        try await Simulator.run(quietPortal()) { simulator async throws in
            let raw = Array(#"{ "_id":"x", "Level":1,"level" : "2" , "e":1.50e3, "u":"\u00e9"}"#.utf8)
            simulator.insert(
                SimulatedRecord(raw: raw, created: someTime, timestamp: someTime),
                into: .activities
            )

            let page = try await PortalClient(simulator).list(.activities)

            #expect(page.bytes.firstRange(of: raw) != nil)
        }
    }

    @Test("can change in place")
    func changeInPlace() async throws {
        try await Simulator.run(quietPortal { $0.history = 100 }) { simulator async throws in
            let id = try #require(simulator.truth(.alerts).first?.id)

            let isReplaced = simulator.replace(
                id: id,
                in: .alerts,
                with: Array(#"{"_id":"\#(id)","timestamp":1}"#.utf8)
            )

            #expect(isReplaced)
            #expect(simulator.truth(.alerts).map(\.id).filter { $0 == id }.count == 1)
            #expect(simulator.raw(id: id, in: .alerts)?.count ?? 0 < 60)
            #expect(!simulator.replace(id: "unknown", in: .alerts, with: []))
        }
    }

    @Test("are valid JSON with distinct ids, whatever their content")
    func validJSON() async throws {
        let configuration = quietPortal {
            $0.history = 4000
            $0.activitiesPerAlert = 4
            $0.activitiesPerLargeOne = 1000
        }
        try await Simulator.run(configuration) { simulator async throws in
            let client = PortalClient(simulator)

            let page = try await client.list(.activities, ["isScan": true, "limit": 5000])
            let alerts = try await client.list(.alerts, ["limit": 100])

            #expect(page.ids.count == 4000 && Set(page.ids).count == 4000)
            #expect(page.bytes.count > 4 * 200_000 + 4000 * 1000)
            #expect(alerts.ids.count == 100)
            #expect(page.ids.allSatisfy { $0.count >= 20 && $0.count <= 90 })
            let names = Set(
                page.records.compactMap { ($0["user"] as? [String: Any])?["userName"] as? String }
            )
            #expect(names.contains { $0.contains("|") && $0.contains("=") })
        }
    }
}
