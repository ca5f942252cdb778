import SpoolCore
import SpoolSimulator
import Testing

@testable import SpoolSources

@Suite("Reading a simulated portal over HTTP", .timeLimit(.minutes(5)))
struct ScanTests {
    @Test("a scan returns every activity of its window once, byte by byte")
    func readsActivities() async throws {
        try await Portals.with(Portals.configuration(history: 700)) { portal, source in
            let result = try await ScanReader(source, .activity).read(from: Portals.now - 2 * Portals.day)

            #expect(result.ids == portal.visibleIDs(.activities))
            #expect(result.ids.count == 700)
            #expect(result.repeated == 0)
            #expect(result.unreadable == 0)
            #expect(result.pages >= 14)
            for id in result.ids { #expect(result.raw[id] == portal.raw(id: id, in: .activities)) }
            let requests = portal.requests.requests(for: .activities)
            #expect(requests.allSatisfy { $0.kind == .scan && $0.status == 200 })
        }
    }

    @Test("a window excludes its upper bound", arguments: [EventKind.activity, .alert])
    func keepsToWindow(kind: EventKind) async throws {
        try await Portals.with(Portals.configuration()) { portal, source in
            let stream = kind == .activity ? PortalStream.activities : .alerts
            let base = Portals.now - Portals.day
            portal.insert((0..<10).map { SimulatedRecord(id: "r\($0)", created: base + $0) }, into: stream)

            let result = try await ScanReader(source, kind).read(from: base + 2, to: base + 6)

            #expect(result.ids == ["r2", "r3", "r4", "r5"])
        }
    }

    @Test(
        "alerts are returned completely in pages by `date`, even if many share a millisecond",
        arguments: [30, 1, 2, 7]
    )
    func readsAlerts(limit: Int) async throws {
        try await Portals.with(Portals.configuration()) { portal, source in
            let base = Portals.now - Portals.day
            // Pairs, a millisecond that fills two pages, and single records.
            let times =
                (0..<60).map { base + Int64($0 / 2) } + (0..<75).map { _ in base + 40 }
                + (0..<20).map { base + 50 + $0 }
            portal.insert(
                times.enumerated().map { SimulatedRecord(id: "a\($0.offset)", created: $0.element) },
                into: .alerts
            )

            let result = try await ScanReader(source, .alert).read(from: base, limit: limit)

            #expect(result.ids == portal.visibleIDs(.alerts))
            #expect(result.ids.count == 155)
            #expect(portal.requests.requests(for: .alerts).allSatisfy { !$0.body.contains("isScan") })
        }
    }

    @Test("below scan mode's minimum page size, activities are read by order, without `isScan`")
    func readsSmallPages() async throws {
        try await Portals.with(Portals.configuration(history: 200)) { portal, source in
            let result = try await ScanReader(source, .activity).read(
                from: Portals.now - 2 * Portals.day,
                limit: 312
            )

            #expect(result.ids == portal.visibleIDs(.activities))
            #expect(portal.requests.requests.allSatisfy { $0.kind == .list })
        }
    }

    @Test("a scan switches between large and small pages")
    func changesPageSize() async throws {
        try await Portals.with(Portals.configuration(history: 400)) { portal, source in
            let stream = try #require(source.streams.first)
            var scan = Scan(
                reason: .poll,
                from: Timestamp(milliseconds: Portals.now - 2 * Portals.day),
                to: nil,
                filterHash: ""
            )
            var ids: Set<String> = []
            for limit in [5_000, 100, 100, 600, 40, 500, 500] + [Int](repeating: 5_000, count: 20) {
                let page = try await source.page(of: stream, scan: scan, limit: limit)
                ids.formUnion(page.records.map(\.event.externalID))
                guard let next = page.next else { break }
                scan.position = next
            }
            #expect(ids == portal.visibleIDs(.activities))
        }
    }

    @Test(
        "a millisecond that fills scan pages by itself is read completely",
        arguments: [MillisecondGroups.kept, .split]
    )
    func readsFullMillisecond(groups: MillisecondGroups) async throws {
        var configuration = Portals.configuration()
        configuration.millisecondGroups = groups
        try await Portals.with(configuration) { portal, source in
            let base = Portals.now - Portals.day
            let times =
                (0..<30).map { base + Int64($0) } + [Int64](repeating: base + 30, count: 170)
                + (31..<60).map { base + $0 }
            portal.insert(
                times.enumerated().map { SimulatedRecord(id: "a\($0.offset)", created: $0.element) },
                into: .activities
            )

            let result = try await ScanReader(source, .activity).read(from: base)

            #expect(result.ids == portal.visibleIDs(.activities))
            #expect(result.ids.count == 229)
        }
    }

    @Test("the configured filters reach the portal on every page")
    func sendsFilters() async throws {
        let streams = "{ activities: { filters: { activity.eventType: { eq: [EVENT_CATEGORY_LOGIN] } } } }"
        try await Portals.with(Portals.configuration(history: 600), streams: streams) { portal, source in
            let result = try await ScanReader(source, .activity).read(from: Portals.now - 2 * Portals.day)

            #expect(!result.events.isEmpty)
            #expect(result.events.allSatisfy { $0.category == "EVENT_CATEGORY_LOGIN" })
            #expect(portal.requests.requests.allSatisfy { $0.body.contains("EVENT_CATEGORY_LOGIN") })
        }
    }

    @Test("records that arrive during a scan do not disturb it, and are returned if they are ahead of it")
    func toleratesArrivals() async throws {
        try await Portals.with(Portals.configuration()) { portal, source in
            let base = Portals.now - Portals.day
            portal.insert(
                (0..<200).map { SimulatedRecord(id: "a\($0)", created: base + $0 * 10) },
                into: .alerts
            )
            let before = portal.visibleIDs(.alerts)

            let result = try await ScanReader(source, .alert).read(from: base) { page in
                guard page == 2 else { return }
                portal.insert(SimulatedRecord(id: "behind", created: base + 1), into: .alerts)
                portal.insert(SimulatedRecord(id: "ahead", created: base + 1_985), into: .alerts)
            }

            #expect(result.ids.isSuperset(of: before))
            #expect(result.ids.contains("ahead"))
        }
    }

    @Test(
        "activities without a time of saving are returned, however long ago they occurred"
    )
    func readsWithoutCreated() async throws {
        try await Portals.with(Portals.configuration()) { portal, source in
            let base = Portals.now - Portals.day
            let records = (0..<120).map { (index: Int64) -> SimulatedRecord in
                let happened = base - 90_000_000 - index * 7 % 50
                let text = #"{"_id":"r\#(index)","timestamp":\#(happened)}"#
                return SimulatedRecord(raw: Array(text.utf8), created: base + index, timestamp: happened)
            }
            portal.insert(records, into: .activities)

            let scanned = try await ScanReader(source, .activity).read(from: base)
            let listed = try await ScanReader(source, .activity).read(from: base, limit: 100)

            #expect(scanned.ids == portal.visibleIDs(.activities))
            #expect(listed.ids == scanned.ids)
        }
    }

    @Test("a page marks the records without a time of saving")
    func tellsOwnTime() async throws {
        try await Portals.with(Portals.configuration()) { portal, source in
            let base = Portals.now - Portals.day
            let texts = [
                #"{"_id":"with","timestamp":\#(base),"created":\#(base)}"#,
                #"{"_id":"without","timestamp":\#(base)}"#,
            ]
            let records = texts.map { text in
                SimulatedRecord(raw: Array(text.utf8), created: base, timestamp: base)
            }
            portal.insert(records, into: .activities)
            let stream = try #require(source.streams.first { $0.kind == .activity })
            let scan = Scan(
                reason: .poll,
                from: Timestamp(milliseconds: base),
                to: nil,
                filterHash: stream.filterHash
            )

            let page = try await source.page(of: stream, scan: scan, limit: stream.pageLimit)

            let told = page.records.map { "\($0.event.externalID) \($0.hasOwnTime)" }
            #expect(Set(told) == ["with true", "without false"])
        }
    }

    @Test("the source's time needs one request for one record")
    func tellsDate() async throws {
        try await Portals.with(Portals.configuration(history: 100)) { portal, source in
            for stream in source.streams {
                let date = try await source.date(for: stream)
                #expect(date.milliseconds == Portals.now)
            }
            let requests = portal.requests.requests
            #expect(requests.count == 2)
            #expect(requests.allSatisfy { $0.records == 1 && $0.status == 200 })
        }
    }

    @Test("a page's date is the response's, whatever the local clock")
    func datesPages() async throws {
        try await Portals.with(Portals.configuration()) { portal, source in
            portal.insert(
                SimulatedRecord(raw: Array("{\"odd\":1}".utf8), created: Portals.now - 5, timestamp: 1),
                into: .activities
            )

            let result = try await ScanReader(source, .activity).read(from: Portals.now - 10)

            #expect(result.events.map(\.isReadable) == [false])
            #expect(result.events.map(\.created.milliseconds) == [Portals.now])
        }
    }
}
