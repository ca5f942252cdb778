import SpoolCore

/// A list response that has been decoded.
struct PageParser {
    let facts: PageFacts
    private let answer: ListAnswer
    private let events: [Event]
    /// The own time of each record on the stream's basis.
    private let bases: [Timestamp?]

    /// Decodes the records, except those at the indices `unread`, which are kept as unreadable records.
    init(_ answer: ListAnswer, leaving unread: Set<Int> = []) {
        self.answer = answer
        let reading = RecordParser(kind: answer.kind, date: answer.date)
        var (events, bases): ([Event], [Timestamp?]) = ([], [])
        events.reserveCapacity(answer.records.count)
        bases.reserveCapacity(answer.records.count)
        for (index, record) in answer.records.enumerated() {
            let isClean = record.isClean && !unread.contains(index)
            let (event, basis) = reading.read(answer.body[record.range], isClean: isClean)
            events.append(event)
            bases.append(basis)
        }
        let ids = RecordIdentity.numbered(events.map(\.externalID)) { answer.body[answer.records[$0].range] }
        for (index, id) in ids.enumerated() where id != events[index].externalID {
            events[index].externalID = id
        }
        (self.events, self.bases) = (events, bases)
        facts = PageFacts(
            count: events.count,
            hasNext: answer.hasNext,
            nextFilters: answer.nextFilters,
            times: bases.compactMap { $0?.milliseconds },
            digest: ids.isEmpty ? nil : ContentHash.hex(ids.joined(separator: "\n").utf8, digits: 16),
            date: answer.date.milliseconds
        )
    }

    /// The records; if a scan is given, records with a time outside of its window are marked.
    func records(of scan: Scan? = nil) -> [PageRecord] {
        events.indices.map { index in
            let isOutside = scan.flatMap { scan in
                bases[index].map { !Paging.window(of: scan).contains($0.milliseconds) }
            }
            return PageRecord(
                raw: answer.records[index].range,
                event: events[index],
                hasOwnTime: bases[index] != nil && isOutside != true,
                isOutside: isOutside ?? false
            )
        }
    }

    func page(next: String?, of scan: Scan? = nil) -> Page {
        Page(body: answer.body, records: records(of: scan), date: answer.date, next: next)
    }
}

/// A list response, sliced into records that are not decoded yet.
struct ListAnswer {
    let body: [UInt8]
    let records: [SlicedRecord]
    let hasNext: Bool?
    let nextFilters: String?
    let kind: EventKind
    let date: Timestamp

    /// The maximum size of a continuation token, which is kept in the spool and sent back.
    static let placeLimit = 64 << 10

    /// Slices the body of a list response with at most `most` records.
    init(_ body: [UInt8], most: Int = .max, kind: EventKind, date: Timestamp) throws(SliceError) {
        let answer = try RecordSlicer.slice(body, most: most)
        if let place = answer.nextQueryFilters, place.count > Self.placeLimit {
            throw .placeTooLarge(place.count)
        }
        // Sent back verbatim, or not at all.
        let filters = answer.nextQueryFilters.flatMap { String(validating: body[$0], as: UTF8.self) }
        self.body = body
        records = answer.records
        hasNext = answer.hasNext
        nextFilters = filters
        self.kind = kind
        self.date = date
    }

    /// A single record; its response does not say whether more follows.
    init(_ body: [UInt8], single record: SlicedRecord, kind: EventKind, date: Timestamp) {
        self.body = body
        records = [record]
        // The scan continues until an empty page.
        hasNext = true
        nextFilters = nil
        self.kind = kind
        self.date = date
    }
}

/// A list response and its position in a scan.
struct DefenderAnswer: SourceAnswer {
    let list: ListAnswer
    let position: ScanPosition
    let scan: Scan

    var keys: [String] { list.records.map { RecordParser.key(of: list.body[$0.range]) } }

    func rehearse(_ index: Int) {
        let record = list.records[index]
        let reading = RecordParser(kind: list.kind, date: list.date)
        _ = reading.event(of: list.body[record.range], isClean: record.isClean)
    }

    func page(leaving unread: Set<Int>) throws(SourceFault) -> Page {
        let reading = PageParser(list, leaving: unread)
        let next = try Paging.next(after: reading.facts, at: position, of: scan)
        return reading.page(next: try next?.text(), of: scan)
    }
}
