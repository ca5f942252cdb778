import SpoolCore
import Testing

@testable import SpoolSources

@Suite("The next position of a scan")
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

    /// Times one after another, enough to show an order.
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

    @Test("a response that does not say whether more follows is continued by its order")
    func followsSilence() throws {
        let next = try Paging.next(after: page(rising(to: 1_600), hasNext: nil), at: ScanPosition(), of: open)
        #expect(next?.segment.lower == 1_600)
    }

    @Test("the source's own next filters are kept verbatim, and reset the known order")
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

    @Test("a continuation to the place just read is passed by an offset")
    func passesRepeatedPlace() throws {
        var here = ScanPosition()
        here.segment.filters = "{}"

        let next = try Paging.next(after: page([1_500, 1_500], next: "{}"), at: here, of: open)

        #expect(next?.segment.filters == "{}")
        #expect(next?.skip == 2)
    }

    @Test("ascending pages continue upwards from their greatest time, including that millisecond")
    func goesUp() throws {
        let next = try Paging.next(after: page(rising(to: 1_600) + [1_600]), at: ScanPosition(), of: open)
        #expect(next?.segment == ScanPosition.Segment(lower: 1_600))
        #expect(next?.skip == 0)
        #expect(next?.evidence?.order == .ascending)
    }

    @Test("descending pages continue downwards from their smallest time, including that millisecond")
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

    @Test("too few records to show an order are passed by an offset, until enough have been read")
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

    @Test("a whole page in the other direction is trusted, a few records against the order are not")
    func weighsContradiction() throws {
        let here = position(lower: 1_500, order: .ascending)

        let flipped = try Paging.next(after: page(falling(to: 1_700)), at: here, of: open)
        #expect(flipped?.segment == ScanPosition.Segment(lower: 1_500, upper: 1_700))

        let unordered = try Paging.next(after: page([1_800, 1_700]), at: here, of: open)
        #expect(unordered?.isUnordered == true)
        // An order was relied on that does not exist: the whole window again.
        #expect(unordered?.segment == ScanPosition.Segment(lower: 1_000, upper: 5_000))
        #expect(unordered?.pending == [ScanPosition.Segment(lower: 5_001)])
    }

    @Test("before an offset reaches its limit, the known order is used")
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

    @Test("a page without an order halves the window; the rest stays pending, an open end stays open")
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

    @Test("the same page again is an error, not a loop, except as the scan's last page")
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
        "a page of records from outside the requested window is passed by the offset, with any known order",
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
        // The same records again are no progress.
        let error = #expect(throws: SourceFault.self) {
            try Paging.next(after: page(times), at: try #require(next), of: open)
        }
        #expect(error?.kind == .nonsense)
    }

    @Test("records from outside do not affect the order of the others")
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

    @Test("an offset that reaches its limit without a known order halves the window")
    func halvesAtEndOfOffset() throws {
        let next = try #require(
            try Paging.next(after: page([], unreadable: 100), at: position(skip: 4_900), of: open)
        )
        #expect(next.segment == ScanPosition.Segment(lower: 1_000, upper: 5_000))
        #expect(next.pending == [ScanPosition.Segment(lower: 5_001)])
        #expect(next.skip == 0)
    }

    @Test("the times of a scan or page never overflow")
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
        "an empty page that claims more data without a continuation never ends a scan"
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
        // One with a continuation is followed.
        #expect(try Paging.next(after: page([], next: "{1}"), at: named, of: open)?.segment.filters == "{1}")
    }

    @Test(
        "a cycle of continuation tokens is detected, of any length and with any pages",
        arguments: [2, 3, 7, 50]
    )
    func circle(length: Int) {
        var here = ScanPosition()
        var steps = 0
        let error = #expect(throws: SourceFault.self) {
            // Two places lead into the cycle.
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
        "many tokens, and one for a millisecond of several pages, are no cycle, and need no more memory"
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

    @Test("unreadable records count for offsets, not for the order")
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
        // Skipping two could skip one that is in this millisecond and was not on the page.
        #expect(edge?.skip == 1)
    }

    @Test("a position is restored from the spool")
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
