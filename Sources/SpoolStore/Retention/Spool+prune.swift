import GRDB
package import SpoolCore

extension Spool {
    /// Deletes events that are settled everywhere and older than `age` on their stream's basis.
    ///
    /// Above 80 % of the spool's size it deletes settled events regardless of their age, oldest first. It
    /// returns free space to the file system.
    ///
    /// It works in short transactions and deletes about `limit` events per call. It never passes `since` or
    /// what sweeps may read again, and keeps dead letters and events that an unfinished replay has not sent
    /// yet. `now` is the time that each stream's source has reported since the start; nothing is deleted of a
    /// configured stream without it. `wall` is the local clock, which applies only to replays and
    /// notifications. Once `isStopped` returns true, it ends after the current transaction.
    package func prune(
        now: [StreamID: SourceTime],
        at wall: Timestamp,
        age: Duration,
        limit: Int = 100_000,
        isStopped: @Sendable () -> Bool = { false }
    ) async throws(StoreError) -> PruneReport {
        var report = PruneReport()
        let streams = try await read { try Departures.streams($0) }
        guard let times = PruneTimes(streams, told: now, age: age, wall: wall) else {
            report.bytesInUse = try await read { try Sizes.bytesInUse($0) }
            return report
        }
        try await write { [self] db in
            try review(db, told: times.dates, at: wall)
            try Departures.note(db, at: times)
        }
        reviewed(told: times.dates)
        report.replays = try await write { try Departures.replaysWithoutRight($0, at: wall) }
        for stream in streams {
            guard var scan = times.scan(stream, cutoff: { $0.date - age }) else { continue }
            while !scan.isAtEnd, report.events < limit, !isStopped(), !isPlanning {
                report += try await run(&scan)
            }
        }
        // The time of the source is later than every record that may be deleted.
        var scans = streams.compactMap { stream in
            times.scan(stream) { stream.isOwn ? max($0.date, wall) : $0.date }
        }
        while report.events < limit, !isStopped(), !isPlanning, try await isUnderPressure() {
            guard let oldest = try await oldest(&scans) else { break }
            report += try await run(&scans[oldest])
        }
        // When space is short, a finished replay's own events are deleted regardless of their age.
        let ended = try await isUnderPressure() ? wall : wall - age
        for replay in try await read({ try OwnStream.ended($0, before: ended, now: wall) }) {
            while report.events < limit, !isStopped(), !isPlanning,
                let gone = try await write({ try OwnStream.delete($0, of: replay) })
            {
                report.events += gone
            }
        }
        try await forgetReplays(endedBefore: wall - age, at: wall, isStopped: isStopped)
        try await write { try RetentionNotes.clearOldLosses($0, at: wall) }
        report.hasMore = report.events >= limit
        if report.events > 0 {
            let (kept, maxBytes) = (keptIDs, PrunedPart.maxBytes(ofSpool: maxBytes))
            try await write { db in
                try Departures.deleteUnreferenced(db, times)
                try PrunedIDs.bound(db, before: times.dates.mapValues { $0 - kept }, maxBytes: maxBytes)
            }
        }
        try await giveBack(isStopped: isStopped)
        report.bytesInUse = try await read { try Sizes.bytesInUse($0) }
        return report
    }

    /// Forgets a sink or a stream that is no longer configured.
    ///
    /// Its events are no longer kept for it, its dead letters are dismissed, replays to it are cancelled, and
    /// its name can be used again.
    ///
    /// The ledger keeps its deliveries under the name `NAME@forgotten-ID`.
    ///
    /// - Throws: `.invalid` when there is none of this name, or it is still configured.
    @discardableResult
    package func forget(_ name: String, at now: Timestamp) async throws(StoreError) -> ForgetReport {
        try await write { try Forgetting.run($0, name, at: now) }
    }

    /// Processes the next slice of a scan; a slice in which nothing may be deleted costs only a read.
    private func run(_ scan: inout PruneScan) async throws(StoreError) -> PruneReport {
        let (ahead, isEmpty) = try await read { [scan] db in
            var scan = scan
            let isEmpty = try scan.candidates(db) == nil
            return (scan, isEmpty)
        }
        if isEmpty {
            scan = ahead
            return PruneReport()
        }
        let (next, report) = try await write { [self, scan] db in
            var scan = scan
            guard !isPlanning else { return (scan, PruneReport()) }
            let report = try scan.slice(db)
            return (scan, report)
        }
        scan = next
        return report
    }

    /// True when settled events must be deleted regardless of their age.
    ///
    /// A disk smaller than `max_size` is a limit of its own: settled events must be deleted before fetching
    /// pauses, so that enough space is free (`PauseGate`) for it to continue.
    private func isUnderPressure() async throws(StoreError) -> Bool {
        let (used, pages) = try await read { (try Sizes.bytesInUse($0), try Sizes.bytes($0)) }
        let limit = min(maxBytes, room(pages: pages, free: files.freeBytes()))
        return used > Int64(Double(limit) * Retention.pressure)
    }

    /// The index of the scan whose next event is the oldest; scans at their end are removed.
    private func oldest(_ scans: inout [PruneScan]) async throws(StoreError) -> Int? {
        scans.removeAll { $0.isAtEnd }
        let times = try await read { [scans] db in try scans.map { try $0.peek(db) ?? .max } }
        return times.indices.min { times[$0] < times[$1] }
    }

    /// Returns all but a few free pages to the file system, or all of them when the disk is nearly full.
    private func giveBack(isStopped: @Sendable () -> Bool) async throws(StoreError) {
        let isShort = files.freeBytes() < 2 * options.lowDiskBytes || !reserve.isWhole
        let spare = isShort ? 0 : Retention.sparePages
        defer { reserve.make(sparing: 2 * options.lowDiskBytes) }
        while !isStopped() {
            let isDone = try await writeWithoutTransaction { [wal, files] db in
                let free = try Int64.fetchOne(db, sql: "PRAGMA freelist_count") ?? 0
                guard free > spare else {
                    // The file shrinks only with a checkpoint.
                    if isShort { wal.truncate(db) }
                    return true
                }
                // Returning a page moves another one, through the log; on a full disk few are returned at a
                // time.
                let room = try files.freeBytes() / Sizes.pageSize(db) / 4
                let count = min(free - spare, Int64(Retention.vacuumPages), max(1, room))
                try db.execute(sql: "PRAGMA incremental_vacuum(\(count))")
                if isShort { wal.truncate(db) } else { wal.committed(db) }
                return try Int64.fetchOne(db, sql: "PRAGMA freelist_count") ?? 0 >= free
            }
            if isDone { return }
        }
    }
}

extension PruneReport {
    static func += (left: inout Self, right: Self) {
        left.events += right.events
        left.lost += right.lost
    }
}

extension Spool {
    /// Number of events that `prune` would delete because of their age, by stream; deletes nothing.
    ///
    /// Reads in slices. `now` is the time that each stream's source has reported; a configured stream without
    /// it is omitted. `wall` is the local clock.
    package func prunable(now: [StreamID: SourceTime], at wall: Timestamp, age: Duration)
        async throws(StoreError) -> [StreamID: Int]
    {
        let streams = try await read { try Departures.streams($0) }
        guard let times = PruneTimes(streams, told: now, age: age, wall: wall) else { return [:] }
        var found: [StreamID: Int] = [:]
        for stream in streams {
            guard var scan = times.scan(stream, cutoff: { $0.date - age }) else { continue }
            var count = 0
            while !scan.isAtEnd {
                let (next, events) = try await read { [scan] db in
                    var scan = scan
                    let events = try scan.candidates(db)?.seqs.count ?? 0
                    return (scan, events)
                }
                (scan, count) = (next, count + events)
            }
            found[stream.id] = count
        }
        return found
    }
}

/// The clocks that one run of retention uses.
///
/// Each source's clock applies to its streams and to sinks that no longer subscribe to them, so that a wrong
/// clock deletes nothing of another source. The local clock applies to what is stamped with it: replays and
/// notifications.
struct PruneTimes: Sendable {
    let streams: [Departures.Stream]
    /// `retention.age`.
    let age: Duration
    /// The local clock.
    let wall: Timestamp
    private let told: [StreamID: SourceTime]
    private let bySource: [String: Timestamp]
    private let earliest: Timestamp

    /// Nil when no source has reported its time since the start.
    init?(_ streams: [Departures.Stream], told: [StreamID: SourceTime], age: Duration, wall: Timestamp) {
        guard let earliest = told.values.map(\.date).min() else { return nil }
        self.streams = streams
        self.age = age
        self.wall = wall
        self.told = told
        self.earliest = earliest
        let dates = streams.compactMap { stream in told[stream.id].map { (stream.source, $0.date) } }
        bySource = Dictionary(dates, uniquingKeysWith: min)
    }

    /// The time that each stream's source has reported.
    var dates: [StreamID: Timestamp] { told.mapValues(\.date) }

    /// The time that applies to a stream; nil while its source has not reported it.
    ///
    /// For a stream that is no longer configured, this is the time of its source if other streams are still
    /// fetched from it, otherwise the earliest time that any source has reported.
    func time(of stream: Departures.Stream) -> SourceTime? {
        if let time = told[stream.id] { return time }
        guard !stream.hasSource else { return nil }
        // The local clock's time, unless that clock was set years ahead: all notifications would expire
        // immediately.
        let date = stream.isOwn ? min(wall, earliest) : bySource[stream.source] ?? earliest
        return SourceTime(date: date, sweepsBack: Retention.returning)
    }

    /// A scan of a stream's events before a cutoff; nil while there is no time that applies to the stream.
    func scan(_ stream: Departures.Stream, cutoff: (SourceTime) -> Timestamp) -> PruneScan? {
        guard let time = time(of: stream) else { return nil }
        return PruneScan(
            stream.id,
            cutoff: cutoff(time),
            sweepsBack: time.sweepsBack,
            leftBefore: time.date - age,
            pausedBefore: wall - Retention.gracePeriod,
            now: wall
        )
    }
}
