import AsyncHTTPClient
import SpoolSimulator
import Testing

@Suite("Faults")
struct FaultTests {
    private func portal(_ body: (Simulator, PortalClient) async throws -> Void) async throws {
        try await Simulator.run(quietPortal { $0.history = 300 }) { simulator async throws in
            try await body(simulator, PortalClient(simulator))
        }
    }

    private let scan: [String: any Sendable] = [
        "isScan": true, "sortField": "created", "sortDirection": "asc", "limit": 50,
    ]

    @Test(
        "replace responses by an error",
        arguments: [
            (.status(500), 500), (.status(502), 502), (.status(503), 503), (.status(504), 504),
            (.unauthorized, 401),
            (.throttled(.absent), 429),
        ] as [(Fault, UInt)]
    )
    func errors(fault: Fault, status: UInt) async throws {
        try await portal { (simulator, client) async throws in
            simulator.addFault(fault)

            #expect(try await client.list(.activities).status == status)
            #expect(try await client.list(.activities).status == 200)
        }
    }

    @Test("specify the retry time in seconds, as a date, or not at all")
    func retryAfter() async throws {
        try await portal { (simulator, client) async throws in
            simulator.addFault(.throttled(.seconds(41)))
            simulator.addFault(.throttled(.date(afterSeconds: 60)))
            simulator.addFault(.throttled(.absent))

            let headers = [
                try await client.list(.alerts), try await client.list(.alerts),
                try await client.list(.alerts),
            ].map { $0.header("Retry-After") }

            #expect(headers == ["41", "Sun, 15 Jun 2025 15:07:40 GMT", nil])
        }
    }

    @Test("affect only their stream, and as often as configured")
    func targets() async throws {
        try await portal { (simulator, client) async throws in
            simulator.addFault(.status(503), on: [.alerts], .next(2))

            #expect(try await client.list(.activities).status == 200)
            #expect(try await client.list(.alerts).status == 503)
            #expect(try await client.list(.alerts).status == 503)
            #expect(try await client.list(.alerts).status == 200)
            simulator.addFault(.status(500), on: [.alerts], .probability(0.5))
            var statuses: [UInt] = []
            for _ in 0..<40 { statuses.append(try await client.list(.alerts).status) }
            #expect(statuses.contains(500) && statuses.contains(200))
            simulator.clearFaults()
            #expect(try await client.list(.alerts).status == 200)
        }
    }

    @Test(
        "break the connection, and records lost in this way do not count as shown",
        arguments: [
            .reset, .hangUp, .truncated(.declared), .truncated(.chunked),
        ] as [Fault]
    )
    func brokenConnections(fault: Fault) async throws {
        try await portal { (simulator, client) async throws in
            simulator.addFault(fault)
            let body = scan

            await #expect(throws: (any Error).self) { try await client.list(.activities, body) }

            #expect(simulator.shownIDs(.activities).isEmpty)
            #expect(try await client.list(.activities, body).status == 200)
            #expect(!simulator.shownIDs(.activities).isEmpty)
        }
    }

    @Test(
        "send responses that are not JSON",
        arguments: [
            .notJSON, .htmlPage, .truncated(.consistent), .truncated(.unmarked),
        ] as [Fault]
    )
    func noJSON(fault: Fault) async throws {
        try await portal { (simulator, client) async throws in
            simulator.addFault(fault)

            let page = try await client.list(.activities)

            #expect(page.status == 200 && page.json.isEmpty && !page.bytes.isEmpty)
            #expect(simulator.shownIDs(.activities).isEmpty)
        }
    }

    @Test(
        "make responses slow, at their start or in the middle",
        arguments: [
            .slow(seconds: 0.2), .stall(seconds: 0.2),
        ] as [Fault]
    )
    func slow(fault: Fault) async throws {
        try await portal { (simulator, client) async throws in
            simulator.addFault(fault)

            let start = ContinuousClock.now
            #expect(try await client.list(.activities).ids.count == 100)
            let elapsed = start.duration(to: .now)

            #expect(elapsed >= .milliseconds(200))
        }
    }

    @Test("disturb paging")
    func paging() async throws {
        try await portal { (simulator, client) async throws in
            simulator.addFault(.emptyPageWithNext)
            let empty = try await client.list(.activities, scan)
            #expect(empty.ids.isEmpty && empty.hasNext && empty.next != nil)

            simulator.addFault(.missingNextFilters)
            let stuck = try await client.list(.activities, scan)
            #expect(stuck.hasNext && stuck.next == nil && !stuck.ids.isEmpty)

            simulator.addFault(.descending)
            let descending = try await client.list(.activities, scan).times("created")
            #expect(descending == descending.sorted(by: >) && descending.first != descending.last)

            let first = try await client.list(.activities, scan)
            var second = scan as [String: Any]
            second["filters"] = first.next
            simulator.addFault(.samePage)
            #expect(try await client.list(.activities, second).ids == first.ids)
            #expect(try await client.list(.activities, second).ids != first.ids)

            simulator.addFault(.shortPage)
            #expect(try await client.list(.activities, scan).ids.count <= 25)
            simulator.addFault(.longPage)
            #expect(try await client.list(.activities, scan).ids.count > 60)
            simulator.addFault(.bloated(bytesPerRecord: 10_000))
            #expect(try await client.list(.activities, scan).bytes.count > 40 * 10_000)
        }
    }

    @Test(
        "in the middle of a scan, such as short or descending pages, still leave every record in it",
        arguments: [
            .shortPage, .longPage, .emptyPageWithNext, .descending,
        ] as [Fault]
    )
    func scanSurvives(fault: Fault) async throws {
        try await portal { (simulator, client) async throws in
            simulator.addFault(fault, .probability(0.3))

            let scan = try await client.scan(limit: 20)

            #expect(Set(scan.ids) == simulator.visibleIDs(.activities))
        }
    }

    @Test("corrupt one record, whose id then does not count as shown")
    func records() async throws {
        try await portal { (simulator, client) async throws in
            simulator.addFault(.recordWithoutID)
            let nameless = try await client.list(.activities)
            #expect(nameless.records.count == 100 && nameless.ids.count == 99)
            #expect(simulator.shownIDs(.activities).count == 99)

            simulator.addFault(.oddTypes)
            let odd = try await client.list(.activities)
            #expect(odd.records.filter { $0["_id"] is Int && $0["timestamp"] is String }.count == 1)

            simulator.addFault(.invalidUTF8)
            let invalid = try await client.list(.activities)
            #expect(String(validating: invalid.bytes, as: UTF8.self) == nil)
        }
    }

    @Test("can be switched over HTTP")
    func control() async throws {
        try await portal { (simulator, client) async throws in
            let rule = #"{"fault":"status","code":502,"streams":["activities"],"next":1}"#

            #expect(try await client.send("POST", "/simulator/faults", Array(rule.utf8)).status == 200)
            #expect(try await client.list(.alerts).status == 200)
            #expect(try await client.list(.activities).status == 502)
            let always = #"{"fault":"hangUp","always":true}"#
            _ = try await client.send("POST", "/simulator/faults", Array(always.utf8))
            await #expect(throws: (any Error).self) { try await client.list(.activities) }
            #expect(try await client.send("DELETE", "/simulator/faults").status == 200)
            #expect(try await client.list(.activities).status == 200)
            #expect(try await client.send("POST", "/simulator/faults", Array("{}".utf8)).status == 400)
        }
    }
}
