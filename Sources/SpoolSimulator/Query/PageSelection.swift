/// The records of a page, and the continuation.
struct PageSelection: Sendable {
    var places: [UInt32]
    var hasNext: Bool
    var nextFilters: JSONValue?
    /// Records in the query's time range, regardless of its other filters: approximate, as the portal's
    /// total.
    var total: Int
}

/// Selects pages from a shelf.
struct PageSelector {
    let query: ListQuery
    /// The portal's time.
    let now: Int64
    /// Records whose basis is earlier are not returned.
    let oldest: Int64
    let groups: MillisecondGroups
    let seed: UInt64

    /// A page of a plain list, at the offset `skip`.
    func list(_ shelf: inout RecordShelf) -> PageSelection {
        let order = shelf.order(by: query.sortField)
        var found = search(shelf, order, count: query.skip + query.limit + 1)
        found.places.removeFirst(min(query.skip, found.places.count))
        return PageSelection(
            places: Array(found.places.prefix(query.limit)),
            hasNext: found.places.count > query.limit,
            nextFilters: nil,
            total: found.total
        )
    }

    /// A page of a scan; while more records follow, it ends between two milliseconds.
    func scan(_ shelf: inout RecordShelf) -> PageSelection {
        let order = shelf.order(by: query.sortField)
        let found = search(shelf, order, count: query.limit + 1)
        guard found.places.count > query.limit else {
            return PageSelection(places: found.places, hasNext: false, nextFilters: nil, total: found.total)
        }
        let kept: [UInt32]
        var bound: Int64
        switch groups {
        case .kept:
            kept = wholeMilliseconds(found.places, shelf, order)
            let last = time(kept[kept.count - 1], shelf)
            bound = query.isAscending ? last + 1 : last - 1
        case .split:
            kept = Array(found.places.prefix(query.limit))
            bound = time(kept[kept.count - 1], shelf)
        }
        return PageSelection(places: kept, hasNext: true, nextFilters: moved(to: bound), total: found.total)
    }

    private func time(_ place: UInt32, _ shelf: RecordShelf) -> Int64 {
        query.sortField.time(of: shelf.entries[Int(place)])
    }

    private func search(
        _ shelf: RecordShelf,
        _ order: RecordOrder,
        count: Int
    ) -> (places: [UInt32], total: Int) {
        let bounds = query.filters.bounds(of: query.sortField)
        let positions = order.positions(from: bounds.lower, to: bounds.upper, in: shelf.entries)
        var places: [UInt32] = []
        for step in 0..<positions.count where places.count < count {
            let position = query.isAscending ? positions.lowerBound + step : positions.upperBound - 1 - step
            let place = order.places[position]
            if isAnswered(shelf.entries[Int(place)], shelf) { places.append(place) }
        }
        return (places, positions.count)
    }

    private func isAnswered(_ entry: RecordEntry, _ shelf: RecordShelf) -> Bool {
        let age = shelf.stream == .activities ? entry.created : entry.timestamp
        return entry.visibleAt <= now && age >= oldest && query.filters.matches(entry, on: shelf)
    }

    /// Drops the records that share the millisecond of the first omitted one, and a few more, as the portal
    /// does.
    private func wholeMilliseconds(_ found: [UInt32], _ shelf: RecordShelf, _ order: RecordOrder) -> [UInt32]
    {
        let full = cut(found, at: query.limit, shelf)
        guard !full.isEmpty else { return wholeGroup(of: found[0], shelf, order) }
        var dice = Dice(seed: seed, number: UInt64(bitPattern: time(full[full.count - 1], shelf)), purpose: 8)
        let fewer = dice.below(full.count / 8 + 1)
        guard fewer > 0 else { return full }
        let short = cut(full, at: full.count - fewer, shelf)
        return short.isEmpty ? full : short
    }

    private func cut(_ places: [UInt32], at end: Int, _ shelf: RecordShelf) -> [UInt32] {
        let boundary = time(places[end], shelf)
        var kept = places.prefix(end)
        while let last = kept.last, time(last, shelf) == boundary { kept.removeLast() }
        return Array(kept)
    }

    /// A millisecond with more records than a page is returned as a whole, above the limit.
    private func wholeGroup(of place: UInt32, _ shelf: RecordShelf, _ order: RecordOrder) -> [UInt32] {
        let instant = time(place, shelf)
        let positions = order.positions(from: instant, to: instant, in: shelf.entries)
        let group = order.places[positions].filter { isAnswered(shelf.entries[Int($0)], shelf) }
        return query.isAscending ? group : group.reversed()
    }

    private func moved(to bound: Int64) -> JSONValue {
        var filters = query.filters.source
        var operators = filters[query.sortField.rawValue]?.object ?? [:]
        if query.isAscending {
            operators["gt"] = nil
            operators["gte"] = .integer(bound)
        } else {
            operators["lt"] = nil
            operators["lte"] = .integer(bound)
        }
        filters[query.sortField.rawValue] = .object(operators)
        return .object(filters)
    }
}

/// The limits of the portal's page sizes.
///
/// A higher limit is not an error; the page is just smaller.
package struct PageLimits: Sendable {
    /// The maximum number of records of an activities page outside of scan mode.
    package var list = 100
    /// The minimum page size of a scan.
    package var scanMinimum = 500
    /// The maximum page size of a scan.
    package var scanMaximum = 5000
    /// The maximum number of records of an alerts page, returned as `max`.
    package var alerts = 100
    /// The maximum of `skip` plus `limit`.
    package var skip = 5000

    /// The published limits.
    package init() {}

    /// Scan pages from one record on, so that a test gets many pages from few records.
    package static var small: PageLimits {
        var limits = PageLimits()
        limits.scanMinimum = 1
        return limits
    }

    func limit(asked: Int64?, stream: PortalStream, isScan: Bool) -> Int {
        let asked = asked.map { Int(clamping: $0) }.flatMap { $0 > 0 ? $0 : nil }
        if isScan { return min(max(asked ?? 500, scanMinimum), scanMaximum) }
        return min(asked ?? 100, stream == .activities ? list : alerts)
    }
}

/// What a scan does with records that share a millisecond at the edge of a page.
package enum MillisecondGroups: Sendable {
    /// They stay together on one side; a group larger than a page makes that page longer than its limit.
    case kept
    /// They are split and the next page starts with the millisecond again, so that some records repeat.
    ///
    /// A group that fills a page by itself makes the scan return that page indefinitely.
    case split
}

/// A request for a list, parsed from its parameters.
struct ListQuery: Sendable {
    var filters: FilterSet
    var sortField: SortField
    var isAscending: Bool
    var skip: Int
    var limit: Int
    var isScan: Bool

    /// Parses the parameters of a list request as strictly as the portal does.
    init(
        _ parameters: [String: JSONValue],
        stream: PortalStream,
        limits: PageLimits,
        vocabulary: FilterVocabulary,
        now: Int64
    ) throws(FieldError) {
        for name in parameters.keys where !Self.known.contains(name) {
            throw FieldError(field: name, message: "Unknown parameter")
        }
        isScan = parameters["isScan"]?.bool ?? false
        guard stream == .activities || parameters["isScan"] == nil else {
            throw FieldError(field: "isScan", message: "Alerts have no scan mode")
        }
        guard let source = (parameters["filters"] ?? .object([:])).object else {
            throw FieldError(field: "filters", message: "This field must be an object")
        }
        filters = try FilterSet(source, vocabulary: vocabulary, now: now)
        sortField = try Self.sortField(parameters["sortField"], stream: stream)
        isAscending = try Self.isAscending(parameters["sortDirection"], isScan: isScan)
        limit = limits.limit(asked: parameters["limit"]?.integer, stream: stream, isScan: isScan)
        let skip = Int(clamping: parameters["skip"]?.integer ?? 0)
        guard skip >= 0, skip == 0 || skip + limit <= limits.skip else {
            throw FieldError(field: "skip", message: "skip plus limit must be at most \(limits.skip)")
        }
        self.skip = isScan ? 0 : skip
    }

    private static let known: Set = ["filters", "limit", "skip", "sortField", "sortDirection", "isScan"]

    private static func sortField(_ value: JSONValue?, stream: PortalStream) throws(FieldError) -> SortField {
        guard let value, value != .null else { return .date }
        guard let field = value.string.flatMap(SortField.init), stream == .activities || field == .date else {
            throw FieldError(field: "sortField", message: "Unknown sort field")
        }
        return field
    }

    private static func isAscending(_ value: JSONValue?, isScan: Bool) throws(FieldError) -> Bool {
        guard let value, value != .null else { return false }
        guard let direction = value.string, ["asc", "desc"].contains(direction) else {
            throw FieldError(field: "sortDirection", message: "Either asc or desc")
        }
        return direction == "asc"
    }
}
