import SpoolCore
import SpoolSimulator
import SpoolStore
import Testing

@testable import SpoolEngineTestSupport

@Suite("Faulty pages", .timeLimit(.minutes(5)))
struct PagingTests {
    /// Some records with distinct times, then a group that shares one millisecond, then more with distinct
    /// times.
    private func fillWithGroup(_ portal: Simulator, _ stream: PortalStream, of size: Int) {
        let begin = PortalBench.begin - .hours(2)
        portal.fill(stream, perSecond: 0.01, from: begin, for: .hours(1), seed: 1)
        let group = (0..<size).map {
            SimulatedRecord(id: "group-\($0)", created: (begin + .hours(1)).milliseconds)
        }
        portal.insert(group, into: stream)
        portal.fill(stream, perSecond: 0.01, from: begin + .minutes(61), for: .minutes(50), seed: 2)
    }

    @Test(
        "groups that share one millisecond arrive complete, even if larger than a page",
        arguments: [MillisecondGroups.kept, .split],
        [40, 170]
    )
    func groups(_ groups: MillisecondGroups, size: Int) async throws {
        var configuration = PortalBench.quiet()
        configuration.millisecondGroups = groups
        try await PortalBench.with(configuration) { bench in
            fillWithGroup(bench.portal, .activities, of: size)
            fillWithGroup(bench.portal, .alerts, of: size)
            try await bench.run { run in
                try await run.pass(.minutes(30))

                #expect(try await run.holdsTheTruth())
                #expect(bench.portal.requests.total < 400)
            }
        }
    }

    @Test(
        "a permanent fault: everything still arrives, in a bounded number of requests",
        arguments: [Fault.descending, .shortPage, .longPage]
    )
    func always(_ fault: Fault) async throws {
        var configuration = PortalBench.quiet()
        configuration.faults = [FaultRule(fault, on: [.activities, .alerts], .always)]
        try await PortalBench.with(configuration) { bench in
            fillWithGroup(bench.portal, .activities, of: 70)
            fillWithGroup(bench.portal, .alerts, of: 70)
            try await bench.run { run in
                try await run.pass(.minutes(40))

                #expect(try await run.holdsTheTruth())
                #expect(bench.portal.requests.total < 800)
                #expect(bench.portal.requests.busiestMinute <= 20)
            }
        }
    }

    @Test("a source that always promises more and never delivers it is reported as a fault; nothing is lost")
    func promisesForEver() async throws {
        var configuration = PortalBench.quiet()
        configuration.faults = [FaultRule(.missingNextFilters, on: [.activities, .alerts], .always)]
        try await PortalBench.with(configuration) { bench in
            fillWithGroup(bench.portal, .activities, of: 70)
            fillWithGroup(bench.portal, .alerts, of: 70)
            try await bench.run { run in
                try await run.pass(.minutes(40))

                #expect(try await run.spool.state(.activities)?.state == "unusable answers")
                #expect(bench.portal.requests.total < 800)
                #expect(bench.portal.requests.busiestMinute <= 20)
                bench.portal.clearFaults()
                try await run.pass(.minutes(20))
                #expect(try await run.holdsTheTruth())
            }
        }
    }

    @Test("a page that repeats forever is reported as a fault and requested less and less often")
    func samePageForEver() async throws {
        try await PortalBench.with(PortalBench.quiet(history: 300, over: .minutes(25))) { bench in
            // One scan of several pages, in the middle of which the portal fails.
            try await bench.run(SourceText(streams: "{ activities: { start: 25m }, alerts: { start: 2d } }"))
            { run in
                try await bench.portal.waitUntil { $0.requests(for: .activities).count >= 3 }
                bench.portal.addFault(.samePage, on: [.activities], .always)
                try await run.pass(.hours(1))

                #expect(try await run.spool.ids(.alerts) == bench.portal.visibleIDs(.alerts))
                #expect(try await run.spool.state(.activities)?.state != "connected")
                #expect(bench.portal.requests.requests(for: .activities).count < 240)
                bench.portal.clearFaults()
                try await run.pass(.minutes(20))
                #expect(try await run.holdsTheTruth())
            }
        }
    }

    @Test("records that cannot be parsed are spooled once, byte for byte, together with the others")
    func unreadable() async throws {
        let odd: [[UInt8]] = [
            Array(#"{"timestamp":1,"created":2,"text":"no id"}"#.utf8),
            Array(#"{"_id":4711,"timestamp":"yesterday","created":[]}"#.utf8),
            Array(#"{"_id":"x","timestamp":{"$date":1},"created":"soon"}"#.utf8),
            Array(#"{"_id":"bytes","text":""#.utf8) + [0x80, 0xC0, 0xAF, 0xFF] + Array(#""}"#.utf8),
            Array(#"  {  "_id" :null, "text":"spaces\#tand a tab" }  "#.utf8),
            Array(#"[1,2,3]"#.utf8), Array(#""a text""#.utf8), Array("null".utf8), Array("-1e5".utf8),
        ]
        try await PortalBench.with { bench in
            for stream in PortalStream.allCases {
                bench.portal.fill(
                    stream,
                    perSecond: 0.01,
                    from: PortalBench.begin - .hours(1),
                    for: .minutes(59)
                )
                let created = (PortalBench.begin - .minutes(30)).milliseconds
                let records = odd.map { SimulatedRecord(raw: $0, created: created, timestamp: created) }
                bench.portal.insert(records, into: stream)
            }
            try await bench.run { run in try await run.pass(.minutes(30)) }
            try await bench.run { run in
                try await run.pass(.minutes(30))

                for kind in 1...2 {
                    let sql =
                        "SELECT hex(r.raw) FROM event e JOIN record r USING (seq) WHERE e.readable = 0 "
                        + "AND e.kind = \(kind)"
                    let raw = try await run.spool.texts(sql)
                    #expect(Set(raw) == Set(odd.map { Self.hex(Self.trimmed($0)) }))
                    #expect(raw.count == odd.count)
                }
                let readable = "SELECT count(*) FROM event WHERE readable = 1"
                #expect(try await run.spool.number(readable) == 70)
                #expect(try await run.spool.state(.activities)?.unreadable == odd.count)
            }
        }
    }

    /// A record's bytes do not include the whitespace between records.
    private static func trimmed(_ raw: [UInt8]) -> [UInt8] {
        let blank = UInt8(ascii: " ")
        return Array(raw.drop { $0 == blank }.reversed().drop { $0 == blank }.reversed())
    }

    private static func hex(_ raw: [UInt8]) -> String {
        raw.map { byte in
            let text = String(byte, radix: 16, uppercase: true)
            return text.count == 1 ? "0" + text : text
        }.joined()
    }
}
