/// A record of a page: where its bytes lie, and what they say.
package struct PageRecord: Sendable, Equatable {
    /// Its bytes within `Page.body`.
    package let raw: Range<Int>
    package let event: Event

    package init(raw: Range<Int>, event: Event) {
        self.raw = raw
        self.event = event
    }
}

/// One answer of a source, sliced and read.
package struct Page: Sendable {
    /// The answer's bytes as they came.
    package let body: [UInt8]
    package let records: [PageRecord]
    /// The source's own `Date`.
    package let date: Timestamp
    /// Where the scan goes on; nil on its last page.
    package let next: String?

    package init(body: [UInt8], records: [PageRecord], date: Timestamp, next: String?) {
        self.body = body
        self.records = records
        self.date = date
        self.next = next
    }

    /// The greatest time of its readable records on the stream's basis (`created`, for alerts `date`).
    package var greatest: Timestamp? {
        records.lazy.filter(\.event.isReadable).map(\.event.created).max()
    }
}
