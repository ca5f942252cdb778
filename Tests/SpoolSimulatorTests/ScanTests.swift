import SpoolSimulator
import Testing

@Suite("Scans")
struct ScanTests {
    @Test("list every visible record exactly once, for any seed and limit", arguments: 1...12)
    func everyRecordOnce(seed: Int) async throws {
        let configuration = quietPortal {
            $0.seed = UInt64(seed)
            $0.history = 400
            $0.lateness = Lateness()
            $0.historyWindow = .seconds(seed % 3 == 0 ? 1 : 3600)
        }
        try await Simulator.run(configuration) { simulator async throws in
            let client = PortalClient(simulator)

            for (field, direction) in [
                ("created", "asc"), ("date", "asc"), ("created", "desc"), ("date", "desc"),
            ] {
                let scan = try await client.scan(sortField: field, direction: direction, limit: 7 + seed * 5)

                #expect(scan.ids.count == Set(scan.ids).count)
                #expect(Set(scan.ids) == simulator.visibleIDs(.activities))
                #expect(scan.pages.count > 1)
            }
        }
    }

    @Test("have pages shorter than the limit while more follow")
    func shortPages() async throws {
        try await Simulator.run(quietPortal { $0.history = 1000 }) { simulator async throws in
            let scan = try await PortalClient(simulator).scan(limit: 100)

            #expect(scan.pages.dropLast().contains { $0 < 100 })
            #expect(scan.pages.allSatisfy { $0 <= 100 })
        }
    }

    @Test("return next filters only while more follow, and keep the query's own")
    func nextFilters() async throws {
        try await Simulator.run(quietPortal { $0.history = 50 }) { simulator async throws in
            let client = PortalClient(simulator)
            let filters: [String: Any] = ["created": ["gte": 0, "lt": someTime], "service": ["neq": [1]]]

            let first = try await client.list(
                .activities,
                [
                    "filters": filters, "isScan": true, "sortField": "created", "sortDirection": "asc",
                    "limit": 20,
                ]
            )
            let last = try await client.list(.activities, ["filters": filters, "isScan": true, "limit": 100])

            let created = try #require(first.next?["created"] as? [String: Any])
            #expect(created["gte"] as? Int64 == (first.times("created").max() ?? 0) + 1)
            #expect(created["lt"] as? Int64 == someTime)
            #expect(first.next?["service"] != nil)
            #expect(last.next == nil && !last.hasNext)
        }
    }

    @Test("return a millisecond larger than a page as a whole")
    func largeGroup() async throws {
        try await Simulator.run(quietPortal()) { simulator async throws in
            let group = (0..<30).map { SimulatedRecord(id: "same-\($0)", created: someTime - 500) }
            let others = (0..<30).map {
                SimulatedRecord(id: "own-\($0)", created: someTime - 1000 + Int64($0) * 30)
            }
            simulator.insert(group + others, into: .activities)

            let scan = try await PortalClient(simulator).scan(limit: 10)

            #expect(scan.ids.count == 60 && Set(scan.ids).count == 60)
            #expect(scan.pages.contains { $0 >= 30 })
        }
    }

    @Test("repeat records when the portal splits milliseconds")
    func splitGroups() async throws {
        let configuration = quietPortal { $0.millisecondGroups = .split }
        try await Simulator.run(configuration) { simulator async throws in
            let records = (0..<40).map {
                SimulatedRecord(id: "r\($0)", created: someTime - 1000 + Int64($0 / 4))
            }
            simulator.insert(records, into: .activities)

            let scan = try await PortalClient(simulator).scan(limit: 10)

            #expect(Set(scan.ids).count == 40)
            #expect(scan.ids.count > 40)
        }
    }

    @Test("raise limits below 500 and lower those above 5000, without an error")
    func limits() async throws {
        let configuration = quietPortal {
            $0.history = 600
            $0.limits = PageLimits()
        }
        try await Simulator.run(configuration) { simulator async throws in
            let client = PortalClient(simulator)

            let small = try await client.list(.activities, ["isScan": true, "limit": 10])
            let large = try await client.list(.activities, ["isScan": true, "limit": 99_999])

            #expect(small.ids.count > 400)
            #expect(large.ids.count == 600)
        }
    }
}
