import SpoolCore

/// A list answer that has been read.
struct PageReading {
    let records: [PageRecord]
    let facts: PageFacts
    private let body: [UInt8]
    private let date: Timestamp

    /// Reads an answer's records, but for those of the indices `unread`, which are kept as unreadable ones.
    init(_ answer: ListAnswer, leaving unread: Set<Int> = []) {
        let reading = RecordReading(kind: answer.kind, date: answer.date)
        let read = answer.records.enumerated().map { index, record in
            reading.read(answer.body[record.range], isClean: record.isClean && !unread.contains(index))
        }
        records = zip(answer.records, read).map {
            PageRecord(raw: $0.range, event: $1.event, hasOwnTime: $1.basis != nil)
        }
        body = answer.body
        date = answer.date
        let ids = records.map(\.event.externalID)
        facts = PageFacts(
            count: records.count,
            hasNext: answer.hasNext,
            nextFilters: answer.nextFilters,
            times: read.compactMap(\.basis?.milliseconds),
            digest: ids.isEmpty ? nil : ContentHash.hex(ids.joined(separator: "\n").utf8, digits: 16),
            date: answer.date.milliseconds
        )
    }

    func page(next: String?) -> Page {
        Page(body: body, records: records, date: date, next: next)
    }
}
