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
