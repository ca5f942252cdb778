import SpoolCore
import Testing

@testable import SpoolSources

@Suite("Where a scan goes on")
struct PagingTests {
    private let open = Scan(reason: .poll, from: Timestamp(milliseconds: 1_000), to: nil, filterHash: "")

    private func page(
        _ times: [Int64],
        hasNext: Bool? = true,
        next: String? = nil,
        unreadable: Int = 0,
        digest: String = "d",
        date: Int64 = 9_000
    ) -> PageFacts {
        let count = times.count + unreadable
        return PageFacts(
            count: count,
            hasNext: hasNext,
            nextFilters: next,
            times: times,
            digest: count == 0 ? nil : digest,
            date: date
        )
    }

    /// So many times, one after another: enough to show an order.
    private func rising(to last: Int64, _ count: Int = 9) -> [Int64] {
        (0..<count).map { last - Int64(count - 1 - $0) }
    }

    private func falling(to last: Int64, _ count: Int = 9) -> [Int64] {
        (0..<count).map { last + Int64(count - 1 - $0) }
    }

    private func position(
        lower: Int64? = nil,
        upper: Int64? = nil,
        skip: Int = 0,
        order: TimeOrder? = nil,
        anchor: Int64? = nil
    ) -> ScanPosition {
        var position = ScanPosition()
        position.segment.lower = lower
        position.segment.upper = upper
        (position.skip, position.anchor) = (skip, anchor)
        position.evidence = order.map { OrderEvidence(order: $0, steps: OrderEvidence.enough) }
        return position
    }

    @Test("a page after which nothing follows ends the scan")
    func ends() throws {
        #expect(try Paging.next(after: page([1_500], hasNext: false), at: ScanPosition(), of: open) == nil)
        #expect(try Paging.next(after: page([], hasNext: false), at: ScanPosition(), of: open) == nil)
        #expect(try Paging.next(after: page([], hasNext: nil), at: ScanPosition(), of: open) == nil)
    }

    @Test("an answer that does not say whether more follows is followed by its order")
    func followsSilence() throws {
        let next = try Paging.next(after: page(rising(to: 1_600), hasNext: nil), at: ScanPosition(), of: open)
        #expect(next?.segment.lower == 1_600)
    }

    @Test("the source's own next filters are kept verbatim, and forget all that order had told")
    func keepsNextFilters() throws {
        let text = #"{ "created":{"gte": 1601} }"#

        let next = try Paging.next(
            after: page([1_500, 1_600], next: text),
            at: position(lower: 1_400, skip: 3, order: .ascending),
            of: open
        )

        #expect(next?.segment == ScanPosition.Segment(filters: text))
        #expect(next?.skip == 0)
        #expect(next?.evidence == nil)
    }

    @Test("the place just read, named as the next one, is passed by an offset")
    func passesRepeatedPlace() throws {
        var here = ScanPosition()
        here.segment.filters = "{}"

        let next = try Paging.next(after: page([1_500, 1_500], next: "{}"), at: here, of: open)

        #expect(next?.segment.filters == "{}")
        #expect(next?.skip == 2)
    }

    @Test("ascending pages go on from their greatest time upwards, that millisecond included")
    func goesUp() throws {
        let next = try Paging.next(after: page(rising(to: 1_600) + [1_600]), at: ScanPosition(), of: open)
        #expect(next?.segment == ScanPosition.Segment(lower: 1_600))
        #expect(next?.skip == 0)
        #expect(next?.evidence?.order == .ascending)
    }

    @Test("descending pages go on from their smallest time downwards, that millisecond included")
    func goesDown() throws {
        let next = try Paging.next(after: page(falling(to: 1_500) + [1_500]), at: ScanPosition(), of: open)
        #expect(next?.segment == ScanPosition.Segment(upper: 1_500))
        #expect(next?.skip == 0)
        #expect(next?.evidence?.order == .descending)
    }

    @Test("a millisecond that fills a page is passed by an offset within it")
    func skipsWithinMillisecond() throws {
        let edge = position(lower: 1_600, order: .ascending)

        let next = try Paging.next(after: page([1_600, 1_600]), at: edge, of: open)
        #expect(next?.segment.lower == 1_600)
        #expect(next?.skip == 2)

        let after = try Paging.next(
            after: page([1_600, 1_700], digest: "e"),
            at: try #require(next),
            of: open
        )
        #expect(after?.segment.lower == 1_700)
        #expect(after?.skip == 0)
    }

    @Test("too few records to show an order are passed by an offset, until enough have")
    func waitsForOrder() throws {
        var here = ScanPosition()
        for (index, time) in ([1_500, 1_500] + rising(to: 1_607, 8)).enumerated() {
            #expect(here.segment == ScanPosition.Segment())
            #expect(here.skip == index)
            here = try #require(
                try Paging.next(after: page([time], digest: "\(index)"), at: here, of: open)
            )
        }

        #expect(here.evidence == OrderEvidence(order: .ascending, steps: 8))
        #expect(here.segment == ScanPosition.Segment(lower: 1_607))
        #expect(here.skip == 1)
    }

    @Test("a whole page in the other direction is believed, a few records against the order are not")
    func weighsContradiction() throws {
        let here = position(lower: 1_500, order: .ascending)

        let flipped = try Paging.next(after: page(falling(to: 1_700)), at: here, of: open)
        #expect(flipped?.segment == ScanPosition.Segment(lower: 1_500, upper: 1_700))

        let unordered = try Paging.next(after: page([1_800, 1_700]), at: here, of: open)
        #expect(unordered?.isUnordered == true)
        // An order was relied on that there is none of: the whole window again.
        #expect(unordered?.segment == ScanPosition.Segment(lower: 1_000, upper: 5_000))
        #expect(unordered?.pending == [ScanPosition.Segment(lower: 5_001)])
    }

    @Test("what is known has to do before an offset comes to its end")
    func reliesBeforeOffsetEnds() throws {
        var here = position(skip: 3_900)
        here.anchor = 1_600
        let next = try Paging.next(
            after: page([1_600, 1_700] + [Int64](repeating: 1_700, count: 98)),
            at: here,
            of: open
        )
        #expect(next?.segment.lower == 1_700)
        #expect(next?.skip == 0)
    }

    @Test("a page in neither order halves the window; the rest stays pending, an open end open")
    func halves() throws {
        let next = try #require(
            try Paging.next(after: page([2_000, 5_000, 3_000]), at: ScanPosition(), of: open)
        )
        #expect(next.segment == ScanPosition.Segment(lower: 1_000, upper: 5_000))
        #expect(next.pending == [ScanPosition.Segment(lower: 5_001)])

        let quarter = try Paging.next(after: page(rising(to: 2_000), digest: "e"), at: next, of: open)
        #expect(quarter?.segment == ScanPosition.Segment(lower: 1_000, upper: 3_000))

        let second = try #require(try Paging.next(after: page([2_000], hasNext: false), at: next, of: open))
        #expect(second.segment == ScanPosition.Segment(lower: 5_001))
        #expect(try Paging.next(after: page([6_000], hasNext: false), at: second, of: open) == nil)
    }

    @Test("the same page again is an error, not a loop; as the scan's last one it is welcome")
    func refusesSamePage() throws {
        var here = position(lower: 1_500, order: .ascending)
        here.digest = "d"

        let error = #expect(throws: SourceFault.self) {
            try Paging.next(after: page([1_500, 1_600]), at: here, of: open)
        }
        #expect(error?.kind == .nonsense)
        #expect(error?.description.contains("same page again") == true)
        #expect(try Paging.next(after: page([1_500, 1_600], hasNext: false), at: here, of: open) == nil)
    }

    @Test(
        "a page of records from outside of what was asked for is passed by the offset, whatever was known before",
        arguments: [
            ([-600, -500], nil, nil, nil), ([1_200, 1_300], 1_400, nil, .ascending),
            ([1_900, 1_800], nil, 1_700, .descending),
        ] as [([Int64], Int64?, Int64?, TimeOrder?)]
    )
    func passesOutside(times: [Int64], lower: Int64?, upper: Int64?, order: TimeOrder?) throws {
        let here = position(lower: lower, upper: upper, order: order)

        let next = try Paging.next(after: page(times), at: here, of: open)

        #expect(next?.segment == here.segment)
        #expect(next?.skip == 2)
        #expect(try Paging.next(after: page(times, hasNext: false), at: here, of: open) == nil)
        // The same ones again are no way on.
        let error = #expect(throws: SourceFault.self) {
            try Paging.next(after: page(times), at: try #require(next), of: open)
        }
        #expect(error?.kind == .nonsense)
    }

    @Test("records from outside beside others take no part in the order")
    func ignoresOutside() throws {
        let times = [-9_000] + rising(to: 1_600) + [-500]
        let next = try Paging.next(after: page(times), at: ScanPosition(), of: open)
        #expect(next?.segment == ScanPosition.Segment(lower: 1_600))

        var window = open
        window.to = Timestamp(milliseconds: 2_000)
        let bounded = try Paging.next(after: page([90_000, 1_500]), at: ScanPosition(), of: window)
        #expect(bounded?.isUnordered == false)
        #expect(bounded?.skip == 2)
    }

    @Test("an offset that comes to its end where no order is known halves the window")
    func halvesAtEndOfOffset() throws {
        let next = try #require(
            try Paging.next(after: page([], unreadable: 100), at: position(skip: 4_900), of: open)
        )
        #expect(next.segment == ScanPosition.Segment(lower: 1_000, upper: 5_000))
        #expect(next.pending == [ScanPosition.Segment(lower: 5_001)])
        #expect(next.skip == 0)
    }

    @Test("the times of no scan and no page overflow")
    func saturates() throws {
        for (from, to) in [(Int64.min, Int64.max), (.max, .max), (.min, .min), (.max, .min)] {
            let scan = Scan(
                reason: .refetch,
                from: Timestamp(milliseconds: from),
                to: Timestamp(milliseconds: to),
                filterHash: ""
            )
            let times = [Int64.max, .min, 0, 253_402_300_799_999]
            for hasNext in [true, false, nil] {
                for unordered in [true, false] {
                    var here = ScanPosition()
                    here.isUnordered = unordered
                    _ = try? Paging.next(after: page(times, hasNext: hasNext, date: .max), at: here, of: scan)
                }
            }
        }
    }

    @Test(
        "an empty page that says more follows, and not where, is no end of any scan, however often it comes"
    )
    func emptyPromise() throws {
        var named = ScanPosition()
        named.segment.filters = "{}"
        var window = open
        window.to = Timestamp(milliseconds: 2_000)
        for scan in [open, window] {
            for (here, next) in [(ScanPosition(), nil), (position(lower: 1_000), nil), (named, "{}")] {
                for _ in 1...4 {
                    let error = #expect(throws: SourceFault.self) {
                        try Paging.next(after: page([], next: next), at: here, of: scan)
                    }
                    #expect(error?.kind == .unended)
                }
            }
        }
        // One that says where is followed.
        #expect(try Paging.next(after: page([], next: "{1}"), at: named, of: open)?.segment.filters == "{1}")
    }

    @Test(
        "a circle of places is found out, however long it is and whatever the pages hold",
        arguments: [2, 3, 7, 50]
    )
    func circle(length: Int) {
        var here = ScanPosition()
        var steps = 0
        let error = #expect(throws: SourceFault.self) {
            // Two places lead into it.
            while steps < 8 * length + 8 {
                let place = steps < 2 ? "{\(-1 - steps)}" : "{\((steps - 2) % length)}"
                let facts = page([1_500], next: place, digest: "\(steps)")
                guard let next = try Paging.next(after: facts, at: here, of: open) else { return }
                here = next
                steps += 1
            }
        }

        #expect(error?.kind == .scanLost)
        #expect(error?.description.contains("continuation tokens repeat") == true)
        #expect(steps >= length)
    }

    @Test(
        "many places, and one that holds a millisecond of several pages, are no circle, and take no more room"
    )
    func noCircle() throws {
        var here = ScanPosition()
        for step in 0..<2_000 {
            let place = "{\(step)}"
            for part in 0..<3 {
                let facts = page([1_500, 1_500], next: place, digest: "\(step) \(part)")
                here = try #require(try Paging.next(after: facts, at: here, of: open))
                #expect(here.segment.filters == place)
                #expect(here.skip == part * 2)
            }
        }

        #expect(try here.text().utf8.count < 300)
    }

    @Test("a window of one millisecond is passed by an offset, with records of other times in it")
    func endsHalving() throws {
        var here = position(lower: 2_000, upper: 2_000)
        here.isUnordered = true

        #expect(try Paging.next(after: page([2_000, 2_000]), at: here, of: open)?.skip == 2)
        #expect(try Paging.next(after: page([2_000, 3_000]), at: here, of: open)?.skip == 2)
    }

    @Test("unreadable records take part in offsets, not in order")
    func countsUnreadable() throws {
        let next = try Paging.next(after: page([], unreadable: 3), at: ScanPosition(), of: open)
        #expect(next?.skip == 3)
        #expect(next?.segment == ScanPosition.Segment())

        let edge = try Paging.next(
            after: page([1_600], unreadable: 1),
            at: position(lower: 1_500, order: .ascending),
            of: open
        )
        #expect(edge?.segment.lower == 1_600)
        // Passing two could pass one that lies in this millisecond and was not on the page.
        #expect(edge?.skip == 1)
    }

    @Test("a position survives the spool")
    func roundTrips() throws {
        var position = position(lower: 1, upper: 2, skip: 3, order: .descending, anchor: 4)
        position.segment.filters = "{ \"created\" : {\"gte\": 1} , \"text\":{\"text\":\"é\\u00e9\"}}"
        position.pending = [ScanPosition.Segment(lower: 5)]
        position.digest = "d"

        #expect(try ScanPosition(try position.text()) == position)
        #expect(try ScanPosition(nil) == ScanPosition())
        let error = #expect(throws: SourceFault.self) { try ScanPosition("{\"other\":1}") }
        #expect(error?.kind == .scanLost)
    }
}
