import SpoolCore

/// What paging has to know of a page.
struct PageFacts: Equatable {
    var count: Int
    /// Nil when the answer does not say.
    var hasNext: Bool?
    /// `nextQueryFilters`, verbatim.
    var nextFilters: String?
    /// Times of the readable records on the stream's basis, in the page's order; milliseconds.
    var times: [Int64]
    /// What the page holds; nil for an empty one.
    var digest: String?
    /// The answer's `Date`, milliseconds.
    var date: Int64
}

/// Decides where a scan goes on after a page.
///
/// With `nextQueryFilters` the source says so itself. Without them (all alerts, and activities outside of scan
/// mode) the page's own order decides: ascending pages go on from their greatest time upwards, descending ones
/// from their smallest downwards, both including that millisecond, so that records which share it are not lost
/// at a page's edge; they come twice and are known by id. An offset passes a millisecond that fills a page. A
/// page in neither order halves the window until one answer holds a part.
///
/// Every step narrows a window, divides one or raises an offset with an end, so that no scan runs for ever.
enum Paging {
    /// The position after `page`; nil when the scan is complete.
    ///
    /// - Throws: `nonsense` when the source does not get on: the same page, another window's, nothing at all.
    static func next(
        after page: PageFacts,
        at position: ScanPosition,
        of scan: Scan
    ) throws(SourceFault) -> ScanPosition? {
        guard touches(page.times, scan) else { throw outside() }
        // An answer that does not say whether more follows is followed until nothing comes.
        guard page.hasNext ?? (page.count > 0) else { return position.atNextSegment() }
        if let digest = page.digest, digest == position.digest {
            throw nonsense("answered with the same page again; it does not follow the request")
        }
        // The place just read, named as the next one: a millisecond fills the page, and an offset passes it.
        if let filters = page.nextFilters, filters != position.segment.filters {
            var next = ScanPosition()
            next.segment.filters = filters
            next.pending = position.pending
            next.digest = page.digest
            return next
        }
        guard page.count > 0 else { throw nonsense("says that more follows, and gives nothing") }
        return try byOrder(page, position, scan)
    }

    /// False when a page holds records, and none of the scan's window: another request's answer, or one that
    /// ignores what was asked.
    ///
    /// Single records outside are no reason to stop, and a source may round to the second.
    private static func touches(_ times: [Int64], _ scan: Scan) -> Bool {
        let lower = scan.from.milliseconds - 1_000
        let upper = scan.to.map { $0.milliseconds + 1_000 } ?? .max
        return times.isEmpty || times.contains { $0 >= lower && $0 < upper }
    }

    private static func byOrder(
        _ page: PageFacts,
        _ position: ScanPosition,
        _ scan: Scan
    ) throws(SourceFault) -> ScanPosition {
        switch TimeOrder.find(in: page.times, after: position.anchor, known: position.order) {
        case .unknown: advanced(position, past: page)
        case .order(.ascending): try upwards(page, position)
        case .order(.descending): try downwards(page, position)
        case .mixed: try halved(page, position, scan)
        }
    }

    /// The same window, further on by an offset.
    private static func advanced(_ position: ScanPosition, past page: PageFacts) -> ScanPosition {
        var next = position
        next.skip += page.count
        next.anchor = page.times.last ?? position.anchor
        next.digest = page.digest
        return next
    }

    private static func upwards(
        _ page: PageFacts,
        _ position: ScanPosition
    ) throws(SourceFault) -> ScanPosition {
        guard let edge = page.times.max() else { return advanced(position, past: page) }
        let lower = position.segment.lower
        if edge == lower { return advanced(position, past: page) }
        if let lower, edge < lower { throw outside() }
        var next = position
        next.segment.lower = edge
        return settle(&next, page, edge, .ascending)
    }

    private static func downwards(
        _ page: PageFacts,
        _ position: ScanPosition
    ) throws(SourceFault) -> ScanPosition {
        guard let edge = page.times.min() else { return advanced(position, past: page) }
        let upper = position.segment.upper
        if edge == upper { return advanced(position, past: page) }
        if let upper, edge > upper { throw outside() }
        var next = position
        next.segment.upper = edge
        return settle(&next, page, edge, .descending)
    }

    private static func settle(
        _ next: inout ScanPosition,
        _ page: PageFacts,
        _ edge: Int64,
        _ order: TimeOrder
    ) -> ScanPosition {
        // Without the offset, a millisecond that fills a page would answer with the same page for ever.
        next.skip = page.times.allSatisfy { $0 == edge } ? page.times.count : 0
        next.anchor = next.skip > 0 ? edge : nil
        next.order = order
        next.digest = page.digest
        return next
    }

    private static func halved(
        _ page: PageFacts,
        _ position: ScanPosition,
        _ scan: Scan
    ) throws(SourceFault) -> ScanPosition {
        let segment = position.segment
        let lower = segment.lower ?? scan.from.milliseconds
        let upper =
            segment.upper ?? scan.to.map { $0.milliseconds - 1 }
            ?? max(page.date, page.times.max() ?? page.date)
        guard lower < upper else {
            throw nonsense("answers in no order, and with records outside of the window asked for")
        }
        let middle = lower + (upper - lower) / 2
        var next = ScanPosition()
        next.segment = ScanPosition.Segment(filters: segment.filters, lower: lower, upper: middle)
        let rest = ScanPosition.Segment(filters: segment.filters, lower: middle + 1, upper: segment.upper)
        next.pending = [rest] + position.pending
        return next
    }

    private static func outside() -> SourceFault {
        nonsense("answers with records outside of the window asked for")
    }

    private static func nonsense(_ text: String) -> SourceFault {
        SourceFault(.nonsense, "the source \(text); check that `url` is the tenant's API URL")
    }
}
