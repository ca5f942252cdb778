import SpoolCore

/// What paging has to know of a page.
struct PageFacts: Equatable {
    var count: Int
    /// Nil when the answer does not say.
    var hasNext: Bool?
    /// `nextQueryFilters`, verbatim.
    var nextFilters: String?
    /// Times that the records themselves give on the stream's basis, as told, in the page's order; milliseconds.
    var times: [Int64]
    /// What the page holds; nil for an empty one.
    var digest: String?
    /// The answer's `Date`, milliseconds.
    var date: Int64
}

/// Decides where a scan goes on after a page.
///
/// With `nextQueryFilters` the source says so itself. Without them (all alerts, and activities outside of scan
/// mode) the pages' own order decides: ascending pages go on from their greatest time upwards, descending ones
/// from their smallest downwards, both including that millisecond, so that records which share it are not lost
/// at a page's edge; they come twice and are known by id. An offset passes a millisecond that fills a page, and
/// small pages until enough of them have shown an order. Once a page comes in no order, the window is halved
/// until one answer holds a part.
///
/// A record whose time lies outside of what was asked for takes no part in this, like one without a time: the source
/// goes by another time of it, and it must not hold up what the window holds beside it. It is passed by the offset.
///
/// Every step narrows a window, divides one or raises an offset with an end, and a circle of places that the source
/// names is found out (`PlaceTrail`), so that no scan runs for ever. A scan ends only where the source says that nothing
/// follows.
enum Paging {
    /// The position after `page`; nil when the scan is complete.
    ///
    /// - Throws: `nonsense` when the source does not get on: the same page again; `unended` for an empty
    ///   page that says more follows, and not where; `scanLost` for a circle.
    static func next(
        after page: PageFacts,
        at position: ScanPosition,
        of scan: Scan
    ) throws(SourceFault) -> ScanPosition? {
        guard var next = try following(page, at: position, of: scan) else { return nil }
        // Kept through every kind of step: a circle may lead through any of them.
        next.trail = position.trail
        if let filters = page.nextFilters, next.segment == ScanPosition.Segment(filters: filters),
            next.skip == 0
        {
            var trail = next.trail ?? PlaceTrail()
            guard trail.add(filters) else { throw circle() }
            next.trail = trail
        }
        return next
    }

    private static func following(
        _ page: PageFacts,
        at position: ScanPosition,
        of scan: Scan
    ) throws(SourceFault) -> ScanPosition? {
        var page = page
        page.times.removeAll { !isAsked($0, position.segment, scan) }
        // An answer that does not say whether more follows is followed until nothing comes.
        guard page.hasNext ?? (page.count > 0) else { return position.atNextSegment() }
        if let digest = page.digest, digest == position.digest {
            throw nonsense("returned the same page again; it ignores the request")
        }
        // The place just read, named as the next one: a millisecond fills the page, and an offset passes it.
        if let filters = page.nextFilters, filters != position.segment.filters {
            var next = ScanPosition()
            next.segment.filters = filters
            next.pending = position.pending
            next.digest = page.digest
            return next
        }
        // Neither an end nor a way on: taken for an end, it would pass what the next page holds.
        guard page.count > 0 else { throw unended() }
        return try byOrder(page, position, scan)
    }

    /// The times that a scan asks for, in milliseconds; a source may round its bounds to the second.
    static func window(of scan: Scan) -> Range<Int64> {
        let lower = scan.from.milliseconds.saturatingSubtract(1_000)
        let upper = scan.to.map { $0.milliseconds.saturatingAdd(1_000) } ?? .max
        return lower..<max(lower, upper)
    }

    private static func isAsked(_ time: Int64, _ segment: ScanPosition.Segment, _ scan: Scan) -> Bool {
        window(of: scan).contains(time) && time >= segment.lower ?? .min && time <= segment.upper ?? .max
    }

    private static func byOrder(
        _ page: PageFacts,
        _ position: ScanPosition,
        _ scan: Scan
    ) throws(SourceFault) -> ScanPosition {
        if position.isUnordered { return halved(page, position, scan) }
        switch TimeOrder.find(in: page.times, after: position.anchor) {
        case .still:
            guard let evidence = position.evidence else { return advanced(position, past: page, scan) }
            return narrowed(page, position, evidence, scan)
        case .order(let order, let steps):
            guard let evidence = OrderEvidence.adding(order, steps: steps, to: position.evidence) else {
                return unordered(page, position, scan)
            }
            return narrowed(page, position, evidence, scan)
        case .mixed: return unordered(page, position, scan)
        }
    }

    /// The same window, further on by an offset; in two halves, where the offset is at its end.
    private static func advanced(_ position: ScanPosition, past page: PageFacts, _ scan: Scan)
        -> ScanPosition
    {
        var next = position
        next.skip += page.count
        if next.skip >= DefenderRequest.offsetLimit, let halves = halves(page, position, scan) {
            return halves
        }
        next.anchor = page.times.last ?? position.anchor
        next.digest = page.digest
        return next
    }

    /// The window from the page's last time on, if its order is certain; else an offset.
    private static func narrowed(
        _ page: PageFacts,
        _ position: ScanPosition,
        _ evidence: OrderEvidence,
        _ scan: Scan
    ) -> ScanPosition {
        var next = position
        next.evidence = evidence
        guard evidence.isReliable(offset: position.skip + page.count), let edge = page.times.last else {
            return advanced(next, past: page, scan)
        }
        switch evidence.order {
        case .ascending:
            if edge == position.segment.lower { return advanced(next, past: page, scan) }
            next.segment.lower = edge
        case .descending:
            if edge == position.segment.upper { return advanced(next, past: page, scan) }
            next.segment.upper = edge
        }
        // Without the offset, a millisecond that fills a page would answer with the same page for ever.
        next.skip = page.times.allSatisfy { $0 == edge } ? page.times.count : 0
        next.anchor = next.skip > 0 ? edge : nil
        next.digest = page.digest
        return next
    }

    /// After a page in no order: parts of the window, or all of it again if an order was relied on before.
    private static func unordered(
        _ page: PageFacts,
        _ position: ScanPosition,
        _ scan: Scan
    ) -> ScanPosition {
        var start = position
        if position.segment.lower != nil || position.segment.upper != nil {
            start.segment = ScanPosition.Segment()
            start.pending = []
        }
        return halved(page, start, scan)
    }

    /// The first half of the window, the second kept for later; one millisecond is passed by an offset.
    private static func halved(_ page: PageFacts, _ position: ScanPosition, _ scan: Scan) -> ScanPosition {
        halves(page, position, scan) ?? advanced(position, past: page, scan)
    }

    /// Nil for a window of one millisecond.
    private static func halves(_ page: PageFacts, _ position: ScanPosition, _ scan: Scan) -> ScanPosition? {
        let segment = position.segment
        let lower = segment.lower ?? scan.from.milliseconds
        let upper =
            segment.upper ?? scan.to.map { $0.milliseconds.saturatingSubtract(1) }
            ?? max(page.date, page.times.max() ?? page.date, lower)
        guard lower < upper else { return nil }
        let middle = lower + upper.saturatingSubtract(lower) / 2
        var next = ScanPosition()
        next.isUnordered = true
        next.segment = ScanPosition.Segment(filters: segment.filters, lower: lower, upper: middle)
        let rest = ScanPosition.Segment(filters: segment.filters, lower: middle + 1, upper: segment.upper)
        next.pending = [rest] + position.pending
        return next
    }

    private static func unended() -> SourceFault {
        SourceFault(
            .unended,
            "the source returned an empty page that claims more data but gives no continuation; spool keeps "
                + "asking until the source says the list is complete"
        )
    }

    private static func circle() -> SourceFault {
        SourceFault(
            .scanLost,
            "the source's continuation tokens repeat; the scan starts over"
        )
    }

    private static func nonsense(_ text: String) -> SourceFault {
        SourceFault(.nonsense, "the source \(text); check that `url` is the tenant's API URL")
    }
}
