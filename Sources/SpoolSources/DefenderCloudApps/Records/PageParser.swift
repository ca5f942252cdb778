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
