package import SpoolCore

/// What a stream reads next.
///
/// A pure decision: the same progress and times give the same answer.
package struct FetchPlan: Sendable {
    /// Data older than this is read in windows of at most `oldWindow`, and an empty answer for it proves
    /// nothing (the portal's own limit: "Older than 30 days", Defender for Cloud Apps, activity queries).
    package static let oldAge = Duration.days(30)
    /// The widest window beyond `oldAge`.
    package static let oldWindow = Duration.days(7)
    /// While both have work, a sweep gets one page after this many of the polls.
    package static let pollsPerSweepPage = 6

    package enum Step: Sendable, Equatable {
        /// Read the next page of this scan, under this claim.
        case read(Scan, RequestClaim)
        /// Nothing to read for this long.
        case wait(Duration)
    }

    private let stream: SourceStream
    private let pollInterval: Duration
    /// When the last poll began, by the monotonic clock; nil before the first.
    private var pollBegan: Duration?
    private var pollPagesSinceSweep = 0

    package init(stream: SourceStream, pollInterval: Duration) {
        self.stream = stream
        self.pollInterval = pollInterval
    }

    /// Decides the next step.
    ///
    /// - Parameters:
    ///   - progress: as stored; the stream has begun.
    ///   - date: the source's own time now, as well as it is known.
    ///   - elapsed: the monotonic clock.
    /// - Returns: a page to read, or how long there is nothing to read.
    package mutating func next(_ progress: StreamProgress, date: Timestamp, elapsed: Duration) -> Step {
        let poll = nextPoll(progress, date: date, elapsed: elapsed)
        let sweep = nextSweep(progress, date: date)
        switch (poll, sweep) {
        case (.now(let scan), .now(let other)):
            guard pollPagesSinceSweep >= Self.pollsPerSweepPage else { return readPoll(scan, elapsed) }
            return readSweep(other)
        case (.now(let scan), .later): return readPoll(scan, elapsed)
        case (.later, .now(let scan)): return readSweep(scan)
        case (.later(let first), .later(let second)): return .wait(min(first, second))
        }
    }

    /// How far sweeps are behind what they should have read.
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

    private mutating func readPoll(_ scan: Scan, _ elapsed: Duration) -> Step {
        if scan.position == nil { pollBegan = elapsed }
        pollPagesSinceSweep += 1
        return .read(scan, .poll)
    }

    private mutating func readSweep(_ scan: Scan) -> Step {
        pollPagesSinceSweep = 0
        return .read(scan, .sweep)
    }

    private func nextPoll(_ progress: StreamProgress, date: Timestamp, elapsed: Duration) -> Due {
        guard let cursor = progress.cursor, let start = progress.start else { return .later(pollInterval) }
        if let scan = cursor.scan, scan.filterHash == stream.filterHash { return .now(scan) }
        let isBehind = date.since(cursor.since) > Self.oldAge
        if let pollBegan, !isBehind, elapsed - pollBegan < pollInterval {
            return .later(pollInterval - (elapsed - pollBegan))
        }
        let from = max(start, cursor.since - stream.overlap)
        return .now(
            Scan(
                reason: .poll,
                from: from,
                to: isBehind ? from + Self.oldWindow : nil,
                filterHash: stream.filterHash
            )
        )
    }

    private func nextSweep(_ progress: StreamProgress, date: Timestamp) -> Due {
        guard let sweptTo = progress.sweptTo, let start = progress.start else { return .later(pollInterval) }
        if let scan = progress.sweep, scan.filterHash == stream.filterHash { return .now(scan) }
        let lag = Self.sweepLag(of: stream, progress, date: date)
        guard lag >= stream.sweepInterval else { return .later(stream.sweepInterval - lag) }
        let from = max(start, stream.sweepsBack ? sweptTo - stream.lookBack : sweptTo)
        let end: Timestamp? = stream.sweepsBack ? nil : date - stream.lookBack
        let isOld = date.since(from) > Self.oldAge
        let to = isOld ? min(from + Self.oldWindow, end ?? date) : end
        if let to, to <= from { return .later(from.since(to) + stream.sweepInterval) }
        return .now(Scan(reason: .sweep, from: from, to: to, filterHash: stream.filterHash))
    }
}
