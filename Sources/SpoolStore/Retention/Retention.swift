package import SpoolCore

/// What a stream's source has told since the start; without it retention leaves the stream alone.
package struct SourceTime: Sendable, Equatable {
    /// The source's own `Date`, never the local clock.
    package var date: Timestamp
    /// How far below `swept_to` a sweep may read again: the look-back of alerts, nothing for activities.
    package var sweepsBack: Duration

    package init(date: Timestamp, sweepsBack: Duration) {
        self.date = date
        self.sweepsBack = sweepsBack
    }
}

/// What retention did.
package struct PruneReport: Sendable, Codable, Equatable {
    /// Events deleted with their records.
    package var events = 0
    /// Of those, how many a sink that has left the configuration will miss when it returns.
    package var lost = 0
    /// Paused replays that no longer keep their events.
    package var replays: [ReplayID] = []
    /// True when it stopped at its limit: call again soon.
    package var hasMore = false
    /// Bytes of pages in use afterwards.
    package var bytesInUse: Int64 = 0
}

/// The fixed numbers of retention.
enum Retention {
    /// Events looked at, and deleted at most, in one transaction: some 30 ms, behind which a page or a settlement
    /// waits.
    static let slice = 250
    /// So many events are looked through in one read, some 20 ms.
    static let few = 20_000
    /// Pages in use above this share of the spool's size make events go without regard to their age.
    static let pressure = 0.8
    /// A replay paused for longer no longer keeps its events.
    static let patience = Duration.days(7)
    /// How far back a stream that has left might be read again when it returns.
    static let returning = Duration.days(7)
    /// Free pages kept for what comes next, instead of growing the file again.
    static let sparePages: Int64 = 4_096
    /// Pages given back to the file system in one transaction: some 30 ms, where 1,000 take up to half a second.
    static let vacuumPages = 200
}
