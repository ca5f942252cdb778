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
