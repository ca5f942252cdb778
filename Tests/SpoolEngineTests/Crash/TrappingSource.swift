import SpoolCore

/// A source of two streams, one of which has a record that crashes the process when it is parsed.
struct TrappingSource: Source {
    static let records = (0..<20).map { $0 == 13 ? "trap" : "record-\($0)" }

    let name = "contoso"
    let type = "trapping"
    let budgetKey = "contoso"
    let requestsPerMinute = 100_000
    let pollInterval = Duration.milliseconds(5)
    let streams = [stream("activities"), stream("harmless")]
    let date = Timestamp(milliseconds: 1_795_000_000_000)
    /// Notified for every request to the stream with the poison record.
    let asked = ChangeSignal()

    func date(for stream: SourceStream) async throws(SourceFault) -> Timestamp { date }

    func answer(of stream: SourceStream, scan: Scan, limit: Int) async throws(SourceFault)
        -> any SourceAnswer
    {
        let isHarmless = stream.name.stream == "harmless"
        if !isHarmless { asked.notify() }
        return TrappingAnswer(keys: Self.records.filter { !isHarmless || $0 != "trap" }, date: date)
    }

    func shutDown() async {}

    private static func stream(_ name: String) -> SourceStream {
        SourceStream(
            name: StreamName(source: "contoso", stream: name),
            kind: .activity,
            start: .age(.days(1)),
            lookBack: .minutes(10),
            sweepInterval: .minutes(5),
            sweepsBack: false,
            overlap: .seconds(10),
            pageLimit: 100,
            filterHash: "f"
        )
    }
}

/// An answer whose records consist of their keys only.
struct TrappingAnswer: SourceAnswer {
    let keys: [String]
    let date: Timestamp

    func rehearse(_ index: Int) {
        if keys[index] == "trap" { fatalError("this record ends the process") }
    }

    func page(leaving unread: Set<Int>) throws(SourceFault) -> Page {
        for index in keys.indices where !unread.contains(index) { rehearse(index) }
        var body: [UInt8] = []
        let records = keys.enumerated().map { index, key in
            let start = body.count
            body += Array(key.utf8)
            let isReadable = !unread.contains(index)
            let event = Event(
                externalID: isReadable ? key : "unreadable-\(key)",
                kind: .activity,
                isReadable: isReadable,
                occurred: date - .minutes(1),
                created: date - .minutes(1)
            )
            return PageRecord(raw: start..<body.count, event: event)
        }
        return Page(body: body, records: records, date: date, next: nil)
    }
}
