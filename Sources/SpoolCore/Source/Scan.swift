/// A reading of one window of a stream, page by page, as it is kept in the spool between pages.
///
/// A scan that cannot go on, or whose filter hash differs from the configuration, begins again.
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
    /// The `Date` of the first answer; nil before it.
    package var firstDate: Timestamp?
    /// The greatest `created` (alerts: `date`) of readable records so far.
    package var greatest: Timestamp?
    /// How many records its pages have held.
    package var seen = 0
    /// How many of them told a time outside of the window; nil for none.
    package var outside: Int?
    /// The source's own place in the window, verbatim JSON; nil for the first page.
    package var position: String?
    /// The `fetch_window` row; nil until the store has made it with the first page.
    package var window: WindowID?

    package init(reason: Reason, from: Timestamp, to: Timestamp?, filterHash: String) {
        self.reason = reason
        self.from = from
        self.to = to
        self.filterHash = filterHash
    }
}

/// How far a stream's polls are (`stream.cursor`): moved only in the transactions of its pages.
package struct Cursor: Sendable, Codable, Equatable {
    /// Everything the source had saved before this has been read once.
    package var since: Timestamp
    /// The scan under way.
    package var scan: Scan?

    package init(since: Timestamp, scan: Scan? = nil) {
        self.since = since
        self.scan = scan
    }
}
