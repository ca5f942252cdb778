/// The part of the spool that the fetch loop uses.
package protocol PageStore: Sendable {
    /// The progress of a stream.
    func progress(of stream: StreamID) async throws(StoreError) -> StreamProgress

    /// Stores the start of a stream, only once; a stream that has started is left unchanged.
    ///
    /// Sets `start_ms` and the cursor's `since` to `start`, `swept_to_ms` to `sweptTo`. Durable on return.
    func begin(_ stream: StreamID, start: Timestamp, sweptTo: Timestamp) async throws(StoreError)

    /// Spools a page with the scan's state in one transaction, durable on return.
    ///
    /// Records whose `(stream, external_id)` is known insert nothing; one whose bytes differ is counted as
    /// changed. A record below `pruned_to_ms` is not inserted if its scan re-reads what retention has
    /// deleted: in the scan's own window, by its own time. It is recognised by its id; where the deleted ids
    /// of that time are not kept, any record counts as deleted. Such records are counted.
    func append(_ commit: PageCommit) async throws(StoreError) -> PageReceipt

    /// Abandons the current scan: its window becomes `abandoned`.
    func abandon(_ scan: Scan, of stream: StreamID, at: Timestamp) async throws(StoreError)

    /// Moves `since` and `swept_to` back when they are more than a few minutes after `now`.
    ///
    /// A wrong time of the source may have moved them there. They move back to the time that fetch windows in
    /// the past prove, and at least by the look-back.
    ///
    /// A stored start in the future is replaced by `start`, the configured start at the time `now`; when that
    /// is in the future as well, the stream is left unchanged. This is the only way to move any of them back.
    /// Durable on return.
    ///
    /// - Returns: the new `since`; nil when nothing was changed.
    func pullBack(_ stream: StreamID, to now: Timestamp, start: Timestamp, lookBack: Duration)
        async throws(StoreError) -> Timestamp?

    /// Stores a stream's error for `status` and the views; nil clears it.
    func report(_ trouble: StreamTrouble?, of stream: StreamID) async throws(StoreError)

    /// True while fetching must pause: the spool is at its size limit, or the disk is nearly full.
    func mustPause() async throws(StoreError) -> Bool

    /// The total bytes available for events, limited by `max_size` and the disk, as last determined by
    /// `mustPause`.
    var room: Int64 { get }
}

/// The progress of a stream (`stream`).
package struct StreamProgress: Sendable, Equatable {
    /// Its start; nil before the first answer of its source.
    package var start: Timestamp?
    package var cursor: Cursor?
    /// The current sweep.
    package var sweep: Scan?
    package var sweptTo: Timestamp?
    /// When the last sweep ended, by the source's own time; nil before the first.
    package var sweepEnded: Timestamp?

    package init(
        start: Timestamp? = nil,
        cursor: Cursor? = nil,
        sweep: Scan? = nil,
        sweptTo: Timestamp? = nil,
        sweepEnded: Timestamp? = nil
    ) {
        self.start = start
        self.cursor = cursor
        self.sweep = sweep
        self.sweptTo = sweptTo
        self.sweepEnded = sweepEnded
    }

    /// Times ahead of the source's time by no more than this are accepted: clocks differ by seconds.
    package static let tolerance = Duration.minutes(5)

    /// True when `since` or `swept_to` is in the future, which only a wrong time can cause.
    package func isAhead(of now: Timestamp) -> Bool {
        guard let since = cursor?.since else { return false }
        return max(since, sweptTo ?? since) > now + Self.tolerance
    }
}

/// A page with everything that its transaction changes.
package struct PageCommit: Sendable {
    package var stream: StreamID
    package var page: Page
    /// The scan of this page, as it was before the page; `window` is nil on its first page.
    package var scan: Scan
    /// The upper bound to record in the window: the scan's own, or the `Date` of its first answer.
    package var windowEnd: Timestamp
    /// Set on the scan's last page: the final state of the window.
    package var ended: WindowState?
    /// The stream's progress after this page.
    ///
    /// The store fills in the window of the current scan.
    package var progress: StreamProgress
    /// Local time of the answer, for `fetched_ms`.
    package var fetched: Timestamp

    package init(
        stream: StreamID,
        page: Page,
        scan: Scan,
        windowEnd: Timestamp,
        ended: WindowState?,
        progress: StreamProgress,
        fetched: Timestamp
    ) {
        self.stream = stream
        self.page = page
        self.scan = scan
        self.windowEnd = windowEnd
        self.ended = ended
        self.progress = progress
        self.fetched = fetched
    }
}

/// The state of a fetch window (`fetch_window.state`).
package enum WindowState: String, Sendable, Codable {
    case running, complete, abandoned
    /// An empty answer for a window older than 30 days proves nothing.
    case unproved
}

/// The result of an append.
package struct PageReceipt: Sendable, Equatable {
    package let window: WindowID
    package let inserted: Int
    /// Known ids whose record has changed at the source.
    package let changed: Int
    /// How many of the inserted records could not be parsed.
    package let unreadable: Int
    /// Left out below `pruned_to_ms`: retention has deleted them, or they arrived too late.
    package let skipped: Int

    package init(window: WindowID, inserted: Int, changed: Int, unreadable: Int, skipped: Int = 0) {
        self.window = window
        self.inserted = inserted
        self.changed = changed
        self.unreadable = unreadable
        self.skipped = skipped
    }
}

/// A stream's error, as shown by `status`.
package struct StreamTrouble: Sendable, Equatable {
    /// A fixed word such as `unreachable` or `invalid token`.
    package let state: String
    package let message: String
    package let since: Timestamp

    package init(state: String, message: String, since: Timestamp) {
        self.state = state
        self.message = message
        self.since = since
    }
}
