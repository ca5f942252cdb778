/// A record of a page: the range of its bytes, and its parsed event.
package struct PageRecord: Sendable, Equatable {
    /// Its bytes within `Page.body`.
    package let raw: Range<Int>
    package let event: Event
    /// False when the record does not contain its time on the stream's basis: `event.created` is then another
    /// time of the record, or the time of the answer.
    package let hasOwnTime: Bool
    /// True when its time is outside the requested window: the source selects by another time, or ignores the
    /// request.
    package let isOutside: Bool

    package init(raw: Range<Int>, event: Event, hasOwnTime: Bool = true, isOutside: Bool = false) {
        self.raw = raw
        self.event = event
        self.hasOwnTime = hasOwnTime
        self.isOutside = isOutside
    }
}

/// One answer of a source, sliced and parsed.
package struct Page: Sendable {
    /// The unchanged bytes of the answer.
    package let body: [UInt8]
    package let records: [PageRecord]
    /// The source's time: its own `Date`, or the time used instead of it (`SourceClock`).
    package let date: Timestamp
    /// The continuation of the scan; nil on its last page.
    package let next: String?
    /// Why its own `Date` was rejected, for an operator; `date` is then an earlier one.
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

    /// The latest time of its readable records on the stream's basis (`created`, for alerts `date`).
    package var greatest: Timestamp? {
        records.lazy.filter(\.event.isReadable).map(\.event.created).max()
    }
}
