import SpoolCore

/// A list answer, cut into records of which none has been read.
struct ListAnswer {
    let body: [UInt8]
    let records: [SlicedRecord]
    let hasNext: Bool?
    let nextFilters: String?
    let kind: EventKind
    let date: Timestamp

    /// Slices the body of a list answer.
    init(_ body: [UInt8], kind: EventKind, date: Timestamp) throws(SliceError) {
        let answer = try RecordSlicer.slice(body)
        // Sent back verbatim or not at all.
        let filters = answer.nextQueryFilters.flatMap { String(validating: body[$0], as: UTF8.self) }
        self.body = body
        records = answer.records
        hasNext = answer.hasNext
        nextFilters = filters
        self.kind = kind
        self.date = date
    }

    /// A single record whose place is known; whether more follows did not come with it.
    init(_ body: [UInt8], single record: SlicedRecord, kind: EventKind, date: Timestamp) {
        self.body = body
        records = [record]
        // The scan goes on until nothing comes.
        hasNext = true
        nextFilters = nil
        self.kind = kind
        self.date = date
    }
}

/// A list answer with its place in a scan.
struct DefenderAnswer: SourceAnswer {
    let list: ListAnswer
    let position: ScanPosition
    let scan: Scan

    var keys: [String] { list.records.map { ContentHash.hex(list.body[$0.range], digits: 32) } }

    func rehearse(_ index: Int) {
        let record = list.records[index]
        let reading = RecordReading(kind: list.kind, date: list.date)
        _ = reading.event(of: list.body[record.range], isClean: record.isClean)
    }

    func page(leaving unread: Set<Int>) throws(SourceFault) -> Page {
        let reading = PageReading(list, leaving: unread)
        return reading.page(next: try Paging.next(after: reading.facts, at: position, of: scan)?.text())
    }
}
