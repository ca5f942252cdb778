package import SpoolCore

/// The time that a stream's source has reported since the start; without it retention deletes nothing of the
/// stream.
package struct SourceTime: Sendable, Equatable {
    /// The source's own `Date`, never the local clock.
    package var date: Timestamp
    /// How far before `swept_to` a sweep may read again: the look-back of alerts, zero for activities.
    package var sweepsBack: Duration

    package init(date: Timestamp, sweepsBack: Duration) {
        self.date = date
        self.sweepsBack = sweepsBack
    }
}

/// The result of a run of retention.
package struct PruneReport: Sendable, Codable, Equatable {
    /// Events deleted with their records.
    package var events = 0
    /// Of those, events that never reached a sink that is no longer configured.
    package var lost = 0
    /// Paused replays that no longer keep their events.
    package var replays: [ReplayID] = []
    /// True when it stopped at its limit and should be called again soon.
    package var hasMore = false
    /// Bytes of pages in use afterwards.
    package var bytesInUse: Int64 = 0
}

/// The constants of retention.
enum Retention {
    /// Maximum number of events examined and deleted in one transaction: about 30 ms, during which a page or
    /// a settlement has to wait.
    static let slice = 250
    /// Maximum number of events searched in one read, about 20 ms.
    static let few = 20_000
    /// Share of the spool's size above which events are deleted regardless of their age.
    static let pressure = 0.8
    /// A replay that is paused for longer no longer keeps its events.
    static let gracePeriod = Duration.days(7)
    /// How far back a stream that is no longer configured may be read again when it is configured again.
    static let returning = Duration.days(7)
    /// Free pages kept for new data, so that the file need not grow again.
    static let sparePages: Int64 = 4_096
    /// Pages returned to the file system in one transaction: about 30 ms; 1,000 pages would take up to half a
    /// second.
    static let vacuumPages = 200
}
