import SpoolCore
import SpoolSimulator
import Testing

@testable import SpoolSources

@Suite("Reading a portal that fails", .timeLimit(.minutes(5)))
struct FaultyPortalTests {
    /// A fault, and the source's expected error; nil if a page is still returned.
    struct Case: CustomTestStringConvertible {
        let fault: Fault
        let kind: SourceFault.Kind?

        var testDescription: String { "\(fault)" }
    }

    static let cases = [
        Case(fault: .status(500), kind: .nonsense), Case(fault: .status(502), kind: .nonsense),
        Case(fault: .status(503), kind: .nonsense), Case(fault: .status(504), kind: .incomplete),
        Case(fault: .throttled(.absent), kind: .throttled(nil)),
        Case(fault: .throttled(.seconds(41)), kind: .throttled(.seconds(41))),
        Case(fault: .throttled(.date(afterSeconds: 90)), kind: .throttled(.seconds(90))),
        Case(fault: .unauthorized, kind: .invalidToken), Case(fault: .unlicensed, kind: .forbidden),
        Case(fault: .reset, kind: .incomplete),
        Case(fault: .hangUp, kind: .incomplete), Case(fault: .truncated(.declared), kind: .incomplete),
        Case(fault: .truncated(.chunked), kind: .incomplete),
        Case(fault: .truncated(.unmarked), kind: .incomplete),
        Case(fault: .truncated(.consistent), kind: .incomplete), Case(fault: .notJSON, kind: .nonsense),
        Case(fault: .htmlPage, kind: .nonsense), Case(fault: .shortPage, kind: nil),
        Case(fault: .longPage, kind: nil),
        Case(fault: .missingNextFilters, kind: nil), Case(fault: .descending, kind: nil),
    ]

    @Test(
        "the next page's fault is distinguished, and the scan continues to the last record",
        arguments: cases
    )
    func survivesInActivities(testCase: Case) async throws {
        try await Portals.with(Portals.configuration(history: 300)) { portal, source in
            let result = try await ScanReader(source, .activity).read(from: Portals.now - 2 * Portals.day) {
                page in
                if page == 2 { portal.addFault(testCase.fault, on: [.activities]) }
            }

            #expect(result.faults == [testCase.kind].compactMap { $0 })
            #expect(result.ids == portal.visibleIDs(.activities))
        }
    }

    @Test("the same for alerts, which have no scan mode", arguments: cases)
    func survivesInAlerts(testCase: Case) async throws {
        try await Portals.with(Portals.configuration()) { portal, source in
            let base = Portals.now - Portals.day
            portal.insert(
                (0..<200).map { SimulatedRecord(id: "a\($0)", created: base + $0 / 2) },
                into: .alerts
            )

            let result = try await ScanReader(source, .alert).read(from: base) { page in
                if page == 2 { portal.addFault(testCase.fault, on: [.alerts]) }
            }

            #expect(result.faults == [testCase.kind].compactMap { $0 })
            #expect(result.ids == portal.visibleIDs(.alerts))
        }
    }

    @Test(
        "the same page again is detected, and no record is missed",
        arguments: [EventKind.activity, .alert]
    )
    func findsSamePage(kind: EventKind) async throws {
        try await Portals.with(Portals.configuration()) { portal, source in
            let stream = kind == .activity ? PortalStream.activities : .alerts
            let base = Portals.now - Portals.day
            portal.insert((0..<200).map { SimulatedRecord(id: "r\($0)", created: base + $0) }, into: stream)

            let result = try await ScanReader(source, kind).read(from: base) { page in
                if page == 2 { portal.addFault(.samePage, on: [.activities, .alerts], .next(2)) }
            }

            #expect(result.faults == [.nonsense, .nonsense])
            #expect(result.ids == portal.visibleIDs(stream))
        }
    }

    @Test("an empty page that claims more data is a fault, and the page is requested again")
    func asksAgainAfterEmptyPromise() async throws {
        try await Portals.with(Portals.configuration()) { portal, source in
            let base = Portals.now - Portals.day
            portal.insert((0..<100).map { SimulatedRecord(id: "r\($0)", created: base + $0) }, into: .alerts)

            let result = try await ScanReader(source, .alert).read(from: base) { page in
                if page == 1 { portal.addFault(.emptyPageWithNext, on: [.alerts], .next(3)) }
            }

            #expect(result.faults == [.unended, .unended, .unended])
            #expect(result.ids == portal.visibleIDs(.alerts))
        }
    }

    @Test("a portal that always returns newest first is read to the end", arguments: [30, 3, 1])
    func readsDescending(limit: Int) async throws {
        try await Portals.with(Portals.configuration()) { portal, source in
            portal.addFault(.descending, .always)
            let base = Portals.now - Portals.day
            portal.insert(
                (0..<150).map { SimulatedRecord(id: "r\($0)", created: base + $0 / 2) },
                into: .alerts
            )

            let result = try await ScanReader(source, .alert).read(from: base, limit: limit)

            #expect(result.ids == portal.visibleIDs(.alerts))
        }
    }

    @Test(
        "scan pages without `nextQueryFilters` are continued by their order, until an empty page"
    )
    func readsWithoutNextFilters() async throws {
        try await Portals.with(Portals.configuration(history: 300)) { portal, source in
            portal.addFault(.missingNextFilters, .next(5))

            let result = try await ScanReader(source, .activity).read(from: Portals.now - 2 * Portals.day)

            #expect(result.ids == portal.visibleIDs(.activities))
        }
    }

    @Test(
        "a corrupt record becomes an unreadable event, and the other records are kept",
        arguments: [Fault.recordWithoutID, .oddTypes, .invalidUTF8]
    )
    func keepsSpoiledRecords(fault: Fault) async throws {
        try await Portals.with(Portals.configuration(history: 120)) { portal, source in
            portal.addFault(fault, on: [.activities])

            let result = try await ScanReader(source, .activity).read(from: Portals.now - 2 * Portals.day)

            #expect(result.faults == [])
            #expect(result.events.count == 120)
            #expect(result.unreadable == 1)
            #expect(result.ids.count == 119)
            #expect(result.ids.isSubset(of: portal.visibleIDs(.activities)))
        }
    }

    @Test("pages above the size limit are requested in smaller sizes, down to one record")
    func shrinksPages() async throws {
        try await Portals.with(Portals.configuration(), bodyCap: 20_000) { portal, source in
            let base = Portals.now - Portals.day
            portal.insert(
                (0..<40).map { SimulatedRecord(id: "r\($0)", created: base + $0) },
                into: .activities
            )
            portal.addFault(.bloated(bytesPerRecord: 15_000), on: [.activities], .always)

            let result = try await ScanReader(source, .activity).read(from: base)

            #expect(!result.faults.isEmpty)
            #expect(result.faults.allSatisfy { $0 == .tooLarge })
            #expect(result.ids == portal.visibleIDs(.activities))
        }
    }

    @Test("a record above the size limit is fetched by its own request, or kept as unreadable")
    func readsOversizedRecords() async throws {
        try await Portals.with(Portals.configuration(), bodyCap: 20_000) { portal, source in
            let base = Portals.now - Portals.day
            func record(_ id: String, _ offset: Int64, padding: Int) -> SimulatedRecord {
                let text = #"{"_id":"\#(id)","timestamp":\#(base + offset),"created":\#(base + offset),"x":""#
                return SimulatedRecord(
                    raw: Array((text + String(repeating: "x", count: padding) + "\"}").utf8),
                    created: base + offset,
                    timestamp: base + offset
                )
            }
            // The second record is too large only together with its envelope; the third is always too large.
            let exact = record("exact", 1, padding: 0).raw.count
            portal.insert(
                [
                    record("first", 0, padding: 10), record("exact", 1, padding: 20_000 - exact),
                    record("huge", 2, padding: 100_000), record("last", 3, padding: 10),
                ],
                into: .activities
            )

            let result = try await ScanReader(source, .activity).read(from: base)

            #expect(result.ids == ["first", "exact", "last"])
            #expect(result.unreadable == 1)
            #expect(result.raw["exact"] == portal.raw(id: "exact", in: .activities))
            let noted = try #require(result.events.first { !$0.isReadable })
            #expect(noted.message.contains(#""_id":"huge""#))
            #expect(result.raw[noted.externalID]?.count == 20_000)
        }
    }

    @Test("a portal that is silent for too long is abandoned, in header and body")
    func givesUpOnSilence() async throws {
        try await Portals.with(Portals.configuration(history: 50), deadline: .milliseconds(300)) {
            portal,
            source in
            let stream = try #require(source.streams.first)
            for fault in [Fault.slow(seconds: 60), .stall(seconds: 60)] {
                portal.addFault(fault, on: [.activities])
                let error = await #expect(throws: SourceFault.self) { try await source.date(for: stream) }
                #expect(error?.kind == .incomplete)
                #expect(error?.description.contains("did not complete its answer within 300ms") == true)
            }
        }
    }

    @Test("a cancelled request ends immediately")
    func endsWhenCancelled() async throws {
        try await Portals.with(Portals.configuration(history: 50)) { portal, source in
            let stream = try #require(source.streams.first)
            portal.addFault(.slow(seconds: 600), on: [.activities])

            let task = Task { try await source.date(for: stream) }
            try await portal.waitUntil { $0.total == 1 }
            task.cancel()

            let error = await #expect(throws: SourceFault.self) { try await task.value }
            #expect(error?.kind == .incomplete)
        }
    }

    @Test("a portal that is down is unreachable, and read again when it is up")
    func comesBack() async throws {
        try await Portals.with(Portals.configuration(history: 50)) { portal, source in
            let stream = try #require(source.streams.first)
            _ = try await source.date(for: stream)
            await portal.stop()

            let error = await #expect(throws: SourceFault.self) { try await source.date(for: stream) }
            #expect(error?.kind == .unreachable || error?.kind == .incomplete)
            let second = await #expect(throws: SourceFault.self) { try await source.date(for: stream) }
            #expect(second?.kind == .unreachable)
            #expect(second?.description.contains("127.0.0.1:\(portal.port) refuses the connection") == true)

            try await portal.restart()
            _ = try await source.date(for: stream)
        }
    }
}
