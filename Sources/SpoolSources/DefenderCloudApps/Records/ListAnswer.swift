import SpoolCore

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
