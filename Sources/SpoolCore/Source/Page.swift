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

/// The state of reading one window of a stream page by page, stored in the spool between pages.
///
/// A scan restarts when it cannot continue, or when its filter hash differs from the configuration.
package struct Scan: Sendable, Codable, Equatable {
    /// Why a window is read.
    package enum Reason: String, Sendable, Codable {
        case poll, sweep, refetch
    }

    package var reason: Reason
    /// Lower bound of the window, inclusive.
    package var from: Timestamp
    /// Upper bound, exclusive; nil for an open end.
    package var to: Timestamp?
    package var filterHash: String
    /// The `Date` of the first answer; nil before it arrived.
    package var firstDate: Timestamp?
    /// The latest `created` (alerts: `date`) of readable records so far.
    package var greatest: Timestamp?
    /// The number of records in its pages so far.
    package var seen = 0
    /// How many of them had a time outside the window; nil for none.
    package var outside: Int?
    /// The source's own continuation in the window, verbatim JSON; nil for the first page.
    package var position: String?
    /// The `fetch_window` row; nil until the store has created it with the first page.
    package var window: WindowID?

    package init(reason: Reason, from: Timestamp, to: Timestamp?, filterHash: String) {
        self.reason = reason
        self.from = from
        self.to = to
        self.filterHash = filterHash
    }
}

/// The progress of a stream's polls (`stream.cursor`), changed only in the transactions of its pages.
package struct Cursor: Sendable, Codable, Equatable {
    /// Everything that the source had recorded before this has been read once.
    package var since: Timestamp
    /// The current scan.
    package var scan: Scan?

    package init(since: Timestamp, scan: Scan? = nil) {
        self.since = since
        self.scan = scan
    }
}
