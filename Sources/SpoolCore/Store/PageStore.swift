/// What the fetch loop asks of the spool.
package protocol PageStore: Sendable {
    /// How far a stream is.
    func progress(of stream: StreamID) async throws(StoreError) -> StreamProgress

    /// Stores, once for the life of a stream, where it begins; a stream that has begun is left as it is.
    ///
    /// Sets `start_ms` and the cursor's `since` to `start`, `swept_to_ms` to `sweptTo`. Durable on return.
    func begin(_ stream: StreamID, start: Timestamp, sweptTo: Timestamp) async throws(StoreError)

    /// Spools a page with the scan's state in one transaction, durable on return.
    ///
    /// Records whose `(stream, external_id)` is known insert nothing; one whose bytes differ is counted as
    /// changed. A record below `pruned_to_ms` is not inserted where its scan reads again what retention has taken: in
    /// the scan's own window, by its own time. It is known by its id; of a time whose deleted ids are not kept any record
    /// counts as deleted. Such are counted.
    func append(_ commit: PageCommit) async throws(StoreError) -> PageReceipt

    /// Gives up the scan under way: its window becomes `abandoned`.
    func abandon(_ scan: Scan, of stream: StreamID, at: Timestamp) async throws(StoreError)

    /// Takes `since` and `swept_to` back when they lie more than a few minutes after `now`, as a wrong time of the source
    /// may have put them there: to what fetch windows that lie in the past prove, and at least by the look-back.
    ///
    /// A stored start that lies in the future is replaced by `start`, what the configuration names at the time `now`; when
    /// that lies in the future as well, the stream is left as it is. The one way back for each. Durable on return.
    ///
    /// - Returns: where `since` stands; nil when all are left as they are.
    func pullBack(_ stream: StreamID, to now: Timestamp, start: Timestamp, lookBack: Duration)
        async throws(StoreError) -> Timestamp?

    /// Keeps a stream's trouble for `status` and the views; nil clears it.
    func report(_ trouble: StreamTrouble?, of stream: StreamID) async throws(StoreError)

    /// True while fetching has to stop: the spool is at its size limit, or the disk is nearly full.
    func mustPause() async throws(StoreError) -> Bool

    /// Bytes that events may take in all, by `max_size` and the disk, as `mustPause` found it last.
    var room: Int64 { get }
}

/// How far a stream is (`stream`).
package struct StreamProgress: Sendable, Equatable {
    /// Where it began; nil before the first answer of its source.
    package var start: Timestamp?
    package var cursor: Cursor?
    /// The sweep under way.
    package var sweep: Scan?
    package var sweptTo: Timestamp?
    /// When the last sweep ended by the source's own time; nil before the first.
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

    /// Marks this much ahead of the source's time are no mistake: clocks differ by seconds.
    package static let tolerance = Duration.minutes(5)

    /// True when `since` or `swept_to` lies in the future, where only a wrong time can have put it.
    package func isAhead(of now: Timestamp) -> Bool {
        guard let since = cursor?.since else { return false }
        return max(since, sweptTo ?? since) > now + Self.tolerance
    }
}

/// A page with everything that its transaction changes.
package struct PageCommit: Sendable {
    package var stream: StreamID
    package var page: Page
    /// The scan this page belongs to, as it was before the page; `window` nil on its first page.
    package var scan: Scan
    /// The upper bound to record in the window: the scan's own, or the `Date` of its first answer.
    package var windowEnd: Timestamp
    /// Set on the scan's last page: what the window has become.
    package var ended: WindowState?
    /// The stream's progress after this page.
    ///
    /// The store fills in the window of the scan under way.
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

/// What a fetch window is (`fetch_window.state`).
package enum WindowState: String, Sendable, Codable {
    case running, complete, abandoned
    /// An empty answer for a window older than 30 days proves nothing.
    case unproved
}

/// What an append did.
package struct PageReceipt: Sendable, Equatable {
    package let window: WindowID
    package let inserted: Int
    /// Known ids whose record has changed at the source.
    package let changed: Int
    /// Of those inserted, how many could not be understood.
    package let unreadable: Int
    /// Left out below `pruned_to_ms`: retention has taken them, or they came too late.
    package let skipped: Int

    package init(window: WindowID, inserted: Int, changed: Int, unreadable: Int, skipped: Int = 0) {
        self.window = window
        self.inserted = inserted
        self.changed = changed
        self.unreadable = unreadable
        self.skipped = skipped
    }
}

/// A stream's trouble, as shown by `status`.
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
