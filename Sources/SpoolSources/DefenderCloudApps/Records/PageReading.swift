import SpoolCore

/// A list answer, sliced and read.
struct PageReading {
    let records: [PageRecord]
    let facts: PageFacts
    private let body: [UInt8]
    private let date: Timestamp

    /// Slices and reads the body of a list answer.
    init(_ body: [UInt8], kind: EventKind, date: Timestamp) throws(SliceError) {
        let answer = try RecordSlicer.slice(body)
        // Sent back verbatim or not at all.
        let filters = answer.nextQueryFilters.flatMap { String(validating: body[$0], as: UTF8.self) }
        self.init(
            body,
            records: answer.records,
            hasNext: answer.hasNext,
            nextFilters: filters,
            kind: kind,
            date: date
        )
    }

    /// Reads records whose places are known.
    init(
        _ body: [UInt8],
        records sliced: [SlicedRecord],
        hasNext: Bool?,
        nextFilters: String?,
        kind: EventKind,
        date: Timestamp
    ) {
        let reading = RecordReading(kind: kind, date: date)
        records = sliced.map { record in
            PageRecord(
                raw: record.range,
                event: reading.event(of: body[record.range], isClean: record.isClean)
            )
        }
        self.body = body
        self.date = date
        let ids = records.map(\.event.externalID)
        facts = PageFacts(
            count: records.count,
            hasNext: hasNext,
            nextFilters: nextFilters,
            times: records.filter(\.event.isReadable).map(\.event.created.milliseconds),
            digest: ids.isEmpty ? nil : ContentHash.hex(ids.joined(separator: "\n").utf8, digits: 16),
            date: date.milliseconds
        )
    }

    func page(next: String?) -> Page {
        Page(body: body, records: records, date: date, next: next)
    }
}
