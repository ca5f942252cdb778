/// All records of one stream: generated ones as the clock reaches them, and those inserted by tests.
struct RecordShelf: Sendable {
    struct Given: Sendable {
        var raw: [UInt8]
        var traits: RecordTraits
    }

    let stream: PortalStream
    private let text: RecordBytes
    private let lateness: Lateness
    private var plan: ArrivalPlan
    private(set) var entries: [RecordEntry] = []
    private var given: [UInt32: Given] = [:]
    private var givenPlaces: [String: UInt32] = [:]
    private var byCreated = RecordOrder(by: .created)
    private var byDate = RecordOrder(by: .date)

    init(_ stream: PortalStream, text: RecordBytes, lateness: Lateness, plan: ArrivalPlan) {
        self.stream = stream
        self.text = text
        self.lateness = lateness
        self.plan = plan
    }

    /// Adds the records generated up to now.
    mutating func grow(to now: Int64) {
        while let created = plan.take(upTo: now) {
            let number = UInt32(entries.count)
            entries.append(lateness.entry(stream, seed: text.seed, number: number, created: created))
        }
    }

    mutating func setRate(_ rate: Double, now: Int64) {
        grow(to: now)
        plan.setRate(rate, now: now)
    }

    mutating func insert(_ record: SimulatedRecord) {
        let number = UInt32(entries.count)
        entries.append(
            RecordEntry(
                created: record.created,
                timestamp: record.timestamp,
                visibleAt: record.visibleAt,
                number: number,
                isGiven: true
            )
        )
        let traits = JSONValue(parsing: record.raw).map(RecordTraits.init) ?? RecordTraits()
        given[number] = Given(raw: record.raw, traits: traits)
        if let id = traits.id { givenPlaces[id] = number }
    }

    /// Changes a record in place, as portals do with alerts; false if there is no such record.
    mutating func replace(id: String, with raw: [UInt8]) -> Bool {
        guard let place = place(of: id) else { return false }
        let traits = JSONValue(parsing: raw).map(RecordTraits.init) ?? RecordTraits()
        given[place] = Given(raw: raw, traits: traits)
        givenPlaces[id] = place
        entries[Int(place)].isGiven = true
        return true
    }

    /// The records in the order of the field; each call includes new records.
    mutating func order(by field: SortField) -> RecordOrder {
        switch field {
        case .created:
            byCreated.absorb(entries)
            return byCreated
        case .date:
            byDate.absorb(entries)
            return byDate
        }
    }

    mutating func markShown(_ places: [UInt32]) {
        for place in places { entries[Int(place)].shown &+= 1 }
    }

    func traits(of entry: RecordEntry) -> RecordTraits {
        if entry.isGiven, let record = given[entry.number] { return record.traits }
        return text.traits(stream, entry)
    }

    func id(of entry: RecordEntry) -> String? {
        if entry.isGiven, let record = given[entry.number] { return record.traits.id }
        return text.id(stream, entry)
    }

    func place(of id: String) -> UInt32? {
        if let place = givenPlaces[id] { return place }
        return text.candidates(for: id).first { candidate in
            guard Int(candidate) < entries.count else { return false }
            let entry = entries[Int(candidate)]
            return !entry.isGiven && text.id(stream, entry) == id
        }
    }

    /// The data needed to encode the records at these indices without the shelf.
    func copies(of places: [UInt32]) -> [RecordCopy] {
        places.map { place in
            let entry = entries[Int(place)]
            return RecordCopy(
                stream: stream,
                entry: entry,
                text: text,
                raw: entry.isGiven ? given[place]?.raw : nil
            )
        }
    }
}

/// A record for a response; it is encoded outside of the portal's lock.
struct RecordCopy: Sendable {
    let stream: PortalStream
    let entry: RecordEntry
    let text: RecordBytes
    let raw: [UInt8]?

    func write(to writer: inout JSONWriter) {
        if let raw {
            writer.verbatim(nil, raw)
        } else {
            text.write(stream, entry, to: &writer)
        }
    }
}

/// A record that a test inserts, byte for byte.
package struct SimulatedRecord: Sendable {
    /// Its JSON text, which may be invalid; lists contain it unchanged.
    package var raw: [UInt8]
    /// The time at which the portal saved it, in milliseconds.
    package var created: Int64
    /// The time at which it occurred, in milliseconds.
    package var timestamp: Int64
    /// The time from which lists show it; later than `created` makes it a late arrival.
    package var visibleAt: Int64

    /// A record of exactly these bytes, visible from `created` on unless another time is given.
    package init(raw: [UInt8], created: Int64, timestamp: Int64, visibleAt: Int64? = nil) {
        self.raw = raw
        self.created = created
        self.timestamp = timestamp
        self.visibleAt = visibleAt ?? created
    }

    /// A minimal record with this id.
    package init(id: String, created: Int64, timestamp: Int64? = nil, visibleAt: Int64? = nil) {
        let timestamp = timestamp ?? created
        var writer = JSONWriter()
        writer.object { record in
            record.text("_id", id)
            record.number("timestamp", timestamp)
            record.number("created", created)
        }
        self.init(raw: writer.bytes, created: created, timestamp: timestamp, visibleAt: visibleAt)
    }
}

/// What the portal stores for each record: its times, not its bytes.
struct RecordEntry: Sendable {
    /// The time at which the portal saved it.
    var created: Int64
    /// The time at which it occurred; `date` in filters.
    var timestamp: Int64
    /// The time from which lists show it.
    var visibleAt: Int64
    /// Its index among the stream's records, from which its content is derived.
    var number: UInt32
    /// The number of pages that contained it.
    var shown: UInt32 = 0
    /// True if its bytes were given, not generated.
    var isGiven = false
}

/// The time by which lists are sorted.
enum SortField: String, Sendable {
    case date
    case created

    func time(of entry: RecordEntry) -> Int64 {
        switch self {
        case .date: entry.timestamp
        case .created: entry.created
        }
    }
}

/// Indices of records in the order of one of their times, updated only on demand.
struct RecordOrder: Sendable {
    let field: SortField
    private(set) var places: [UInt32] = []

    init(by field: SortField) {
        self.field = field
    }

    /// Adds the records that arrived since the last call.
    mutating func absorb(_ entries: [RecordEntry]) {
        guard places.count < entries.count else { return }
        let field = field
        func key(_ place: UInt32) -> Int64 { field.time(of: entries[Int(place)]) }
        let fresh = (UInt32(places.count)..<UInt32(entries.count)).sorted {
            (key($0), $0) < (key($1), $1)
        }
        // Only the part after the earliest new record has to be merged.
        let start = firstPosition(atOrAfter: key(fresh[0]) + 1, in: entries)
        let tail = places[start...]
        var merged: [UInt32] = []
        merged.reserveCapacity(tail.count + fresh.count)
        var old = tail.startIndex
        for place in fresh {
            while old < tail.endIndex, key(tail[old]) <= key(place) {
                merged.append(tail[old])
                old += 1
            }
            merged.append(place)
        }
        merged.append(contentsOf: tail[old...])
        places.replaceSubrange(start..., with: merged)
    }

    /// Positions whose records lie within the bounds, both inclusive.
    func positions(from lower: Int64, to upper: Int64, in entries: [RecordEntry]) -> Range<Int> {
        let start = firstPosition(atOrAfter: lower, in: entries)
        let end = upper == .max ? places.count : firstPosition(atOrAfter: upper + 1, in: entries)
        return start..<max(start, end)
    }

    private func firstPosition(atOrAfter time: Int64, in entries: [RecordEntry]) -> Int {
        var low = 0
        var high = places.count
        while low < high {
            let middle = (low + high) / 2
            if field.time(of: entries[Int(places[middle])]) < time {
                low = middle + 1
            } else {
                high = middle
            }
        }
        return low
    }
}
