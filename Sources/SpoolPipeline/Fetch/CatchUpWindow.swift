import SpoolCore

/// How much of the past one scan reads while a stream is behind.
///
/// Retention never passes `since`, and `since` only moves when a scan ends. A scan larger than the spool
/// would fill the spool with events that have been sent but may not be deleted, and fetching would stay
/// paused. So a stream catches up in windows whose width adapts to the number of records in them, whether an
/// hour contains ten records or a million.
package struct CatchUpWindow: Sendable, Equatable {
    /// The width of the first window; a stream that is more than twice as far behind reads windows.
    package static let first = Duration.minutes(15)
    static let narrowest = Duration.seconds(1)
    /// After a window with more records the width is halved; after one with fewer than `few` it is doubled.
    package static let many = 100_000
    static let few = 25_000
    /// No scan fetches more than this fraction (one eighth) of the spool's capacity.
    static let part: Int64 = 8

    /// The width derived from the last window; nil before the first.
    private var fitted: Duration?
    /// The width and the bound of the scan that is counted; no bound for an open scan.
    private var scanned = Self.first
    private var end: Timestamp?
    private var records = 0
    private var bytes: Int64 = 0

    /// The upper bound of a window that starts at `since`; nil when `since` is recent enough for an open
    /// scan.
    ///
    /// No window ends close to the source's time: that part is read by a scan with an open end.
    ///
    /// - Parameters:
    ///   - from: the start of its scan, a little before `since`.
    ///   - since: everything before this has been read.
    ///   - date: the source's time.
    /// - Returns: the bound, exclusive; nil for an open end.
    func end(from: Timestamp, since: Timestamp, date: Timestamp) -> Timestamp? {
        // An empty old window proves nothing, so old windows are as wide as allowed.
        let width = fitted ?? (date.since(since) > FetchPlan.oldAge ? FetchPlan.oldWindow : Self.first)
        let distance = min(width, Self.first)
        guard date.since(since) > distance * 2 else { return nil }
        return [since + width, from + FetchPlan.oldWindow, date - distance].min()
    }

    /// A page of this scan is about to be requested.
    mutating func noteRequest(_ scan: Scan) {
        guard scan.position == nil || scan.to != end else { return }
        (end, records, bytes) = (scan.to, 0, 0)
        scanned = scan.to?.since(scan.from) ?? fitted ?? Self.first
    }

    /// The page was fetched.
    ///
    /// - Parameters:
    ///   - records: the number of its records.
    ///   - bytes: the size of the records that are new to the spool. Known records, as in the overlap or
    ///     after a restart of the scan, take no space.
    mutating func notePage(records: Int, bytes: Int) {
        self.records += records
        self.bytes += Int64(bytes)
    }

    /// True when this running scan has fetched so much that it must restart with a narrower window.
    ///
    /// The records it has fetched stay in the spool and take no space again.
    func isTooLarge(_ scan: Scan, room: Int64) -> Bool {
        guard scan.position != nil, scan.to == end, fitted != Self.narrowest else { return false }
        return bytes > room / Self.part || (end != nil && records > 2 * Self.many)
    }

    /// The scan was abandoned because it was too large.
    mutating func narrow() { fitted = max(Self.narrowest, min(fitted ?? scanned, scanned) / 4) }

    /// The stream has been read up to `time`; after a complete window, the width of the next one is adapted.
    mutating func noteProgress(_ time: Timestamp?, room: Int64) {
        guard let end, let time, time >= end else { return }
        self.end = nil
        if records > Self.many || bytes > room / Self.part / 2 {
            fitted = max(Self.narrowest, min(fitted ?? scanned, scanned) / 2)
        } else if records < Self.few, bytes < room / Self.part / 4 {
            // The last window before the end may be narrow for another reason, so the width never shrinks
            // here.
            fitted = max(fitted ?? .zero, min(FetchPlan.oldWindow, scanned * 2))
        }
    }
}
