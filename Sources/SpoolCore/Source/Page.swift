/// A record of a page: where its bytes lie, and what they say.
package struct PageRecord: Sendable, Equatable {
    /// Its bytes within `Page.body`.
    package let raw: Range<Int>
    package let event: Event
    /// False when the record does not tell its time on the stream's basis: `event.created` is then another time of it, or
    /// that of the answer.
    package let hasOwnTime: Bool
    /// True when it tells a time outside of the window that was asked for: the source goes by another time of it, or
    /// does not follow the request.
    package let isOutside: Bool

    package init(raw: Range<Int>, event: Event, hasOwnTime: Bool = true, isOutside: Bool = false) {
        self.raw = raw
        self.event = event
        self.hasOwnTime = hasOwnTime
        self.isOutside = isOutside
    }
}

/// One answer of a source, sliced and read.
package struct Page: Sendable {
    /// The answer's bytes as they came.
    package let body: [UInt8]
    package let records: [PageRecord]
    /// The source's time: its own `Date`, or what is believed in its place (`SourceClock`).
    package let date: Timestamp
    /// Where the scan goes on; nil on its last page.
    package let next: String?
    /// Why its own `Date` is not believed, in an operator's words; `date` is then an earlier one.
    package let doubt: String?

    package init(
        body: [UInt8],
        records: [PageRecord],
        date: Timestamp,
        next: String?,
        doubt: String? = nil
    ) {
        self.body = body
        self.records = records
        self.date = date
        self.next = next
        self.doubt = doubt
    }

    /// The greatest time of its readable records on the stream's basis (`created`, for alerts `date`).
    package var greatest: Timestamp? {
        records.lazy.filter(\.event.isReadable).map(\.event.created).max()
    }
}
