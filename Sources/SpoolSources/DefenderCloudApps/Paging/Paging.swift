import SpoolCore

/// The properties of a page that paging depends on.
struct PageFacts: Equatable {
    var count: Int
    /// Nil when the response does not contain it.
    var hasNext: Bool?
    /// `nextQueryFilters`, verbatim.
    var nextFilters: String?
    /// The records' own times on the stream's basis, as received, in the page's order; milliseconds.
    var times: [Int64]
    /// A digest of the page's content; nil for an empty page.
    var digest: String?
    /// The response's `Date` in milliseconds.
    var date: Int64
}

/// Determines the next position of a scan after a page.
///
/// With `nextQueryFilters` the source specifies the next position. Without them (for all alerts, and for
/// activities outside of scan mode) the order of the pages decides: ascending pages continue upwards from
/// their greatest time, descending ones downwards from their smallest. Both include that millisecond, so that
/// records that share it are not lost at a page's edge; they are received twice and recognised by id. An
/// offset is used within a millisecond that fills a page, and for small pages until enough of them have shown
/// an order. After a page without an order, the window is halved until one response contains a part of it.
///
/// A record whose time is outside of the requested window is ignored here, like one without a time: the
/// source uses another time of that record, and it must not block the other records of the window. The offset
/// skips it.
///
/// Every step narrows a window, divides one, or raises a limited offset, and a cycle in the source's
/// continuation tokens is detected (`PlaceTrail`), so that every scan ends. A scan ends only when the source
/// says that nothing follows.
enum Paging {
    /// The position after `page`; nil when the scan is complete.
    ///
    /// - Throws: `nonsense` when the source returns the same page again; `unended` for an empty page that
    ///   claims more data without a continuation; `scanLost` for a cycle in the continuation tokens.
    static func next(
        after page: PageFacts,
        at position: ScanPosition,
        of scan: Scan
    ) throws(SourceFault) -> ScanPosition? {
        guard var next = try following(page, at: position, of: scan) else { return nil }
        // Kept through every kind of step, because a cycle may include any of them.
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
        // A response that does not say whether more follows is continued until an empty page.
        guard page.hasNext ?? (page.count > 0) else { return position.atNextSegment() }
        if let digest = page.digest, digest == position.digest {
            throw nonsense("returned the same page again; it ignores the request")
        }
        // The source's continuation is the place that was just read: a millisecond fills the page, and an
        // offset skips it.
        if let filters = page.nextFilters, filters != position.segment.filters {
            var next = ScanPosition()
            next.segment.filters = filters
            next.pending = position.pending
            next.digest = page.digest
            return next
        }
        // Neither an end nor a continuation: ending here would skip what the next page contains.
        guard page.count > 0 else { throw unended() }
        return try byOrder(page, position, scan)
    }

    /// The window that a scan requests, in milliseconds; a source may round its bounds to the second.
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

    /// The same window at a higher offset, or divided into halves when the offset has reached its limit.
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

    /// The window from the page's last time on if its order is certain; otherwise an offset.
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
        // Without the offset, a millisecond that fills a page would return the same page indefinitely.
        next.skip = page.times.allSatisfy { $0 == edge } ? page.times.count : 0
        next.anchor = next.skip > 0 ? edge : nil
        next.digest = page.digest
        return next
    }

    /// After a page without an order: halves of the window, or the whole window again if an order was relied
    /// on before.
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

    /// The first half of the window, with the second half pending; a window of one millisecond uses an
    /// offset.
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

/// The order of records by time, as received, not as requested.
///
/// A public integration reports descending responses to requests for ascending order.
enum TimeOrder: String, Codable, Sendable {
    case ascending, descending

    /// The result of examining a page's times.
    enum Found: Equatable {
        /// One order, and the number of steps between two times that show it.
        case order(TimeOrder, steps: Int)
        /// All times are equal.
        case still
        case mixed
    }

    /// The order of `times`, including the step from the record before them.
    static func find(in times: [Int64], after anchor: Int64?) -> Found {
        var rises = 0
        var falls = 0
        var last = anchor ?? times.first ?? 0
        for time in times {
            if time > last { rises += 1 }
            if time < last { falls += 1 }
            last = time
        }
        if rises > 0 && falls > 0 { return .mixed }
        if rises > 0 { return .order(.ascending, steps: rises) }
        return falls > 0 ? .order(.descending, steps: falls) : .still
    }
}

/// The order that the pages of a scan have shown so far, and whether it is reliable.
struct OrderEvidence: Codable, Equatable, Sendable {
    /// The number of steps in one direction that prove an order: one page in 362,880 has as many by chance.
    static let enough = 8

    var order: TimeOrder
    var steps: Int

    /// True when the window may be narrowed by this order.
    ///
    /// Before the offset reaches its limit, the known order has to suffice.
    func isReliable(offset: Int) -> Bool {
        steps >= Self.enough || offset >= DefenderRequest.offsetLimit - 1_000
    }

    /// The evidence after a page that shows `order`; nil when the page contradicts the earlier ones.
    static func adding(_ order: TimeOrder, steps: Int, to known: OrderEvidence?) -> OrderEvidence? {
        guard let known, known.order != order else {
            return OrderEvidence(order: order, steps: min(steps + (known?.steps ?? 0), enough))
        }
        // A whole page in the other direction is evidence by itself.
        return steps >= enough ? OrderEvidence(order: order, steps: enough) : nil
    }
}
