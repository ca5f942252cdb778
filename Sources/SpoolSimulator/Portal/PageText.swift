/// A page on its way to JSON.
struct PageText: Sendable {
    private let page: PageSelection
    private let stream: PortalStream
    private let copies: [RecordCopy]
    private let largest: Int
    private let fault: Fault?

    init(_ page: PageSelection, stream: PortalStream, copies: [RecordCopy], largest: Int, fault: Fault?) {
        self.page = page
        self.stream = stream
        self.copies = copies
        self.largest = largest
        self.fault = fault
    }

    var count: Int { copies.count }

    /// The place in the page of the one record that a fault spoils.
    var spoiledRecord: Int? {
        switch fault {
        case .recordWithoutID, .oddTypes, .invalidUTF8: copies.isEmpty ? nil : copies.count / 2
        default: nil
        }
    }

    func bytes() -> [UInt8] {
        var writer = JSONWriter()
        writer.reserve(copies.count * 3200 + 256)
        writer.object { envelope in
            switch stream {
            case .activities:
                envelope.number("total", Int64(page.total))
                envelope.flag("hasNext", page.hasNext)
                envelope.array("data", writeRecords)
                if let filters = page.nextFilters { envelope.verbatim("nextQueryFilters", filters.bytes) }
            case .alerts:
                envelope.array("data", writeRecords)
                envelope.flag("hasNext", page.hasNext)
                envelope.number("max", Int64(largest))
                envelope.number("total", Int64(min(page.total, 10_000)))
                envelope.flag("moreThanTotal", page.total > 10_000)
            }
        }
        return writer.bytes
    }

    private func writeRecords(to data: inout JSONWriter) {
        let spoiled = spoiledRecord
        for (index, copy) in copies.enumerated() {
            if let spoiler = spoiler(index, spoiled) {
                var record = JSONWriter()
                copy.write(to: &record)
                data.verbatim(nil, spoiler.spoil(record.bytes))
            } else {
                copy.write(to: &data)
            }
        }
    }

    private func spoiler(_ index: Int, _ spoiled: Int?) -> RecordSpoiler? {
        guard let fault else { return nil }
        if case .bloated = fault { return RecordSpoiler(fault: fault) }
        return index == spoiled ? RecordSpoiler(fault: fault) : nil
    }
}
