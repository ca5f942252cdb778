import SpoolCore

/// How much of the past one scan reads, while a stream is behind.
///
/// Retention never passes `since`, and `since` moves when a scan ends: a scan larger than the spool would fill
/// it with events that have been sent and may not go, and stand still. So a stream catches up in windows whose
/// width follows what they hold, whether an hour holds ten records or a million.
package struct CatchUpWindow: Sendable, Equatable {
    /// The first width; a stream twice as far behind reads windows.
    package static let first = Duration.minutes(15)
    static let narrowest = Duration.seconds(1)
    /// A window of more records is followed by one half as wide; one of fewer than `few` by one twice as wide.
    package static let many = 100_000
    static let few = 25_000
    /// No scan brings more than this part of the room that the spool has.
    static let part: Int64 = 8

    /// Fitted to the last window; nil before there was one.
    private var fitted: Duration?
    /// The width and the bound of the scan that is counted; no bound for an open one.
    private var scanned = Self.first
    private var end: Timestamp?
    private var records = 0
    private var bytes: Int64 = 0

    /// The upper bound of a window that begins at `since`; nil when that is near enough to be read to the end.
    ///
    /// No window ends near the source's time: that part is left to a scan with an open end.
    ///
    /// - Parameters:
    ///   - from: where its scan begins, a little before `since`.
    ///   - since: everything before this has been read.
    ///   - date: the source's time.
    /// - Returns: the bound, exclusive; nil for an open end.
    func end(from: Timestamp, since: Timestamp, date: Timestamp) -> Timestamp? {
        // An old window that is empty proves nothing: as few of them as can be.
        let width = fitted ?? (date.since(since) > FetchPlan.oldAge ? FetchPlan.oldWindow : Self.first)
        let distance = min(width, Self.first)
        guard date.since(since) > distance * 2 else { return nil }
        return [since + width, from + FetchPlan.oldWindow, date - distance].min()
    }

    /// A page of this scan is asked for.
    mutating func asked(_ scan: Scan) {
        guard scan.position == nil || scan.to != end else { return }
        (end, records, bytes) = (scan.to, 0, 0)
        scanned = scan.to?.since(scan.from) ?? fitted ?? Self.first
    }

    /// It has come, with so many records, and so many bytes that are new to the spool: what is known, as in the
    /// overlap and in a scan that began again, takes no room.
    mutating func came(records: Int, bytes: Int) {
        self.records += records
        self.bytes += Int64(bytes)
    }

    /// True when this scan, under way, holds so much that it has to begin again as a narrower one.
    ///
    /// What it has brought stays in the spool and takes no room again.
    func isTooLarge(_ scan: Scan, room: Int64) -> Bool {
        guard scan.position != nil, scan.to == end, fitted != Self.narrowest else { return false }
        return bytes > room / Self.part || (end != nil && records > 2 * Self.many)
    }

    /// The scan was given up for that.
    mutating func wasTooLarge() { fitted = max(Self.narrowest, min(fitted ?? scanned, scanned) / 4) }

    /// The stream has been read to here: after a window that was read whole, the next is fitted to it.
    mutating func reached(_ time: Timestamp?, room: Int64) {
        guard let end, let time, time >= end else { return }
        self.end = nil
        if records > Self.many || bytes > room / Self.part / 2 {
            fitted = max(Self.narrowest, min(fitted ?? scanned, scanned) / 2)
        } else if records < Self.few, bytes < room / Self.part / 4 {
            // The last window in front of the end is narrow for another reason.
            fitted = max(fitted ?? .zero, min(FetchPlan.oldWindow, scanned * 2))
        }
    }
}
