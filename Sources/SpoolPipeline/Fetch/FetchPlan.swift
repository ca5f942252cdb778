package import SpoolCore

/// Decides what a stream reads next.
///
/// The decision depends only on the progress, the times and the calls so far.
package struct FetchPlan: Sendable {
    /// Older data is read in windows of at most `oldWindow`, and an empty answer for it proves nothing.
    ///
    /// This is the portal's own limit ("Older than 30 days", Defender for Cloud Apps, activity queries).
    package static let oldAge = Duration.days(30)
    /// The widest window beyond `oldAge`.
    package static let oldWindow = Duration.days(7)
    /// A poll that took this much longer than its interval, with more than `chasePages` pages, was chasing a
    /// moving end.
    package static let chase = Duration.seconds(60)
    package static let chasePages = 4
    /// While both have work, a sweep gets one page after this many pages of polls.
    package static let pollsPerSweepPage = 12

    package enum Step: Sendable, Equatable {
        /// Read the next page of this scan, with a request of this claim.
        case read(Scan, RequestClaim)
        /// Abandon this stored scan: it was made with other filters, or can no longer be continued.
        case abandon(Scan)
        /// There is nothing to read for this long.
        case wait(Duration)
    }

    private let stream: SourceStream
    private let pollInterval: Duration
    /// When the last poll began, by the monotonic clock; nil before the first.
    private var pollBegan: Duration?
    /// How many pages of it have been requested.
    private var pollPages = 0
    private var pollPagesSinceSweep = 0
    /// The spool's total capacity for records, in bytes.
    package var room = Int64.max
    private var pollWindow = CatchUpWindow()
    private var sweepWindow = CatchUpWindow()
    /// The last request of a sweep failed.
    private var sweepFailed = false
    private var abandoned: [Scan] = []
    /// The monotonic times before which scans of these reasons request no page.
    private var held: [Scan.Reason: Duration] = [:]

    package init(stream: SourceStream, pollInterval: Duration) {
        self.stream = stream
        self.pollInterval = pollInterval
    }

    /// Decides the next step.
    ///
    /// - Parameters:
    ///   - progress: the stored progress of a stream that has been started.
    ///   - date: the best estimate of the source's current time.
    ///   - elapsed: the monotonic clock.
    /// - Returns: the next step.
    package mutating func next(_ progress: StreamProgress, date: Timestamp, elapsed: Duration) -> Step {
        if let scan = outdated(progress, date: date) {
            abandoned = abandoned.filter { $0.reason != scan.reason } + [scan]
            return .abandon(scan)
        }
        if let scan = tooLarge(progress) { return .abandon(scan) }
        if progress.cursor?.scan == nil { pollWindow.noteProgress(progress.cursor?.since, room: room) }
        if progress.sweep == nil { sweepWindow.noteProgress(progress.sweptTo, room: room) }
        let poll = unlessHeld(.poll, nextPoll(progress, date: date, elapsed: elapsed), elapsed)
        let sweep = unlessHeld(.sweep, nextSweep(progress, date: date), elapsed)
        switch (poll, sweep) {
        case (.now(let scan), .now(let other)):
            if pollPagesSinceSweep >= Self.pollsPerSweepPage || isFirst(other, before: scan, date) {
                return readSweep(other)
            }
            return readPoll(scan, elapsed)
        case (.now(let scan), .later): return readPoll(scan, elapsed)
        case (.later, .now(let scan)): return readSweep(scan)
        case (.later(let first), .later(let second)): return .wait(min(first, second))
        }
    }

    /// The request for a page failed.
    ///
    /// The page, or its scan if that was lost, is due again immediately, or at the monotonic time `until`.
    /// Scans of the other reason continue meanwhile.
    package mutating func noteFailure(_ scan: Scan, until: Duration? = nil) {
        held[scan.reason] = until
        if scan.reason == .poll { pollBegan = nil } else { sweepFailed = true }
    }

    /// True while scans of at least one reason wait after a fault.
    package func isHolding(at elapsed: Duration) -> Bool { held.values.contains { $0 > elapsed } }

    /// Scans that wait after a fault are due now.
    package mutating func retryNow() { held = [:] }

    /// The requested page was fetched, with this many records, and this many bytes that are new to the spool.
    package mutating func notePage(_ scan: Scan, records: Int, bytes: Int) {
        if scan.reason == .poll {
            pollWindow.notePage(records: records, bytes: bytes)
        } else {
            sweepWindow.notePage(records: records, bytes: bytes)
        }
    }

    /// How far sweeps are behind the time up to which they should have read.
    package static func sweepLag(of stream: SourceStream, _ progress: StreamProgress, date: Timestamp)
        -> Duration
    {
        guard let sweptTo = progress.sweptTo else { return .zero }
        return max(.zero, (stream.sweepsBack ? date : date - stream.lookBack).since(sweptTo))
    }

    private enum Due {
        case now(Scan)
        case later(Duration)
    }

    private func unlessHeld(_ reason: Scan.Reason, _ due: Due, _ elapsed: Duration) -> Due {
        guard case .now = due, let until = held[reason], until > elapsed else { return due }
        return .later(until - elapsed)
    }

    private mutating func readPoll(_ scan: Scan, _ elapsed: Duration) -> Step {
        if scan.position == nil { (pollBegan, pollPages) = (elapsed, 0) }
        pollPages += 1
        pollPagesSinceSweep += 1
        pollWindow.noteRequest(scan)
        sweepFailed = false
        return .read(scan, .poll)
    }

    private mutating func readSweep(_ scan: Scan) -> Step {
        pollPagesSinceSweep = 0
        sweepWindow.noteRequest(scan)
        return .read(scan, .sweep)
    }

    /// True for a sweep that covers the time before a poll's catch-up window.
    ///
    /// After this sweep, the poll of that window also counts as its sweep (`ScanStep`), so the past is read
    /// once instead of twice.
    private func isFirst(_ sweep: Scan, before poll: Scan, _ date: Timestamp) -> Bool {
        let isPast =
            poll.position == nil && pollWindow.end(from: poll.from, since: poll.from, date: date) != nil
        return isPast && !stream.sweepsBack && !sweepFailed && sweep.from < poll.from
    }

    /// A stored scan that must not be continued, except one that was already abandoned.
    private func outdated(_ progress: StreamProgress, date: Timestamp) -> Scan? {
        [progress.cursor?.scan, progress.sweep].compactMap { $0 }
            .first { !canGoOn($0, date: date) && !abandoned.contains($0) }
    }

    /// A running scan that would fill the spool before it ends.
    private mutating func tooLarge(_ progress: StreamProgress) -> Scan? {
        if let poll = progress.cursor?.scan, pollWindow.isTooLarge(poll, room: room) {
            pollWindow.narrow()
            return poll
        }
        guard let sweep = progress.sweep, !stream.sweepsBack, sweepWindow.isTooLarge(sweep, room: room) else {
            return nil
        }
        sweepWindow.narrow()
        return sweep
    }

    /// False for a scan with other filters, and for an open scan that was stored so long ago that it reaches
    /// back beyond `oldAge`.
    ///
    /// A scan ages while it runs; one day of tolerance keeps it from being abandoned for this.
    private func canGoOn(_ scan: Scan, date: Timestamp) -> Bool {
        guard scan.filterHash == stream.filterHash else { return false }
        return scan.to != nil || date.since(scan.from) <= farthestOpen(for: scan.reason) + .days(1)
    }

    /// How far back a scan with an open end may reach.
    ///
    /// With a look-back of 30 days, each sweep reaches a few minutes farther back. If such sweeps were split
    /// into windows, new records would be swept last.
    private func farthestOpen(for reason: Scan.Reason) -> Duration {
        guard reason == .sweep, stream.sweepsBack else { return Self.oldAge }
        return max(Self.oldAge, stream.lookBack + stream.sweepInterval * 2)
    }

    private func nextPoll(_ progress: StreamProgress, date: Timestamp, elapsed: Duration) -> Due {
        guard let cursor = progress.cursor, let start = progress.start else { return .later(pollInterval) }
        if let scan = cursor.scan, canGoOn(scan, date: date) { return .now(scan) }
        let from = max(start, cursor.since - stream.overlap)
        let window = pollWindow.end(from: from, since: max(from, cursor.since), date: date)
        if window == nil, let pollBegan, elapsed - pollBegan < pollInterval {
            return .later(pollInterval - (elapsed - pollBegan))
        }
        let to = window ?? (isChasing(elapsed) && date > from ? date : nil)
        return .now(Scan(reason: .poll, from: from, to: to, filterHash: stream.filterHash))
    }

    /// True when the last poll took long because its end kept moving.
    ///
    /// After an open scan `since` is at most the `Date` of its first answer, so the next scan re-reads what
    /// this one read last. When records arrive nearly as fast as they are read, each scan would take a
    /// multiple of the time of the previous one. With an upper bound it takes less.
    private func isChasing(_ elapsed: Duration) -> Bool {
        guard let pollBegan, pollPages > Self.chasePages else { return false }
        return elapsed - pollBegan > pollInterval + Self.chase
    }

    private func nextSweep(_ progress: StreamProgress, date: Timestamp) -> Due {
        guard let sweptTo = progress.sweptTo, let start = progress.start else { return .later(pollInterval) }
        if let scan = progress.sweep, canGoOn(scan, date: date) { return .now(scan) }
        let lag = Self.sweepLag(of: stream, progress, date: date)
        guard lag >= stream.sweepInterval else { return .later(stream.sweepInterval - lag) }
        let from = max(start, stream.sweepsBack ? sweptTo - stream.lookBack : sweptTo)
        let to: Timestamp?
        if stream.sweepsBack {
            let isOld = date.since(from) > farthestOpen(for: .sweep)
            to = isOld ? min(from + Self.oldWindow, date) : nil
        } else {
            let end = date - stream.lookBack
            to = [sweepWindow.end(from: from, since: from, date: date), readByPolls(progress, date: date)]
                .compactMap { $0 }.reduce(end, min)
        }
        if let to, to <= from { return .later(from.since(to) + stream.sweepInterval) }
        return .now(Scan(reason: .sweep, from: from, to: to, filterHash: stream.filterHash))
    }

    /// The position of polls that catch up; sweeps leave what follows to them, since they read it late
    /// enough.
    private func readByPolls(_ progress: StreamProgress, date: Timestamp) -> Timestamp? {
        guard let since = progress.cursor?.since, pollWindow.end(from: since, since: since, date: date) != nil
        else {
            return nil
        }
        return since
    }
}
