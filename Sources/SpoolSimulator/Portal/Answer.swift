import NIOCore

/// A response and how it is sent.
struct Answer: Sendable {
    enum Delivery: Sendable, Equatable {
        case whole
        case hangUp
        /// Half the body, then the connection is reset.
        case reset
        /// Half the body, then the connection is closed.
        case truncated(Fault.Truncation)
        /// Half the body, a wait, the other half.
        case stall(seconds: Double)
    }

    var status: Int
    var reason: String?
    var contentType = "application/json"
    var headers: [(name: String, value: String)] = []
    var body: ByteBuffer
    var delivery: Delivery = .whole
    /// Real time to wait before sending.
    var delaySeconds: Double = 0

    init(_ status: Int, json: JSONValue) {
        self.status = status
        body = ByteBuffer(bytes: json.bytes)
    }

    init(_ status: Int, json bytes: [UInt8]) {
        self.status = status
        body = ByteBuffer(bytes: bytes)
    }

    init(_ status: Int, html: String) {
        self.status = status
        contentType = "text/html"
        body = ByteBuffer(string: "<html><body>\(html)</body></html>")
    }

    static func detail(_ status: Int, _ text: String) -> Answer {
        Answer(status, json: .object(["detail": .string(text)]))
    }

    static func refused(_ error: FieldError) -> Answer {
        Answer(400, json: error.body)
    }

    static func throttled(seconds: Int, _ retryAfter: Fault.RetryAfter, now: Int64) -> Answer {
        var answer = detail(429, "Request was throttled. Expected available in \(seconds) seconds.")
        answer.reason = "TOO MANY REQUESTS"
        switch retryAfter {
        case .absent: break
        case .seconds(let wait):
            answer.headers.append(("Retry-After", String(wait)))
        case .date(let wait):
            answer.headers.append(("Retry-After", CalendarText(milliseconds: now + Int64(wait) * 1000).http))
        }
        return answer
    }
}

/// A page before it is encoded as JSON.
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

    /// The index in the page of the record that a fault corrupts.
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
