package import SpoolControl
package import SpoolCore
package import SpoolStore

/// The reason why the spool does not have a record that its source has.
package enum TraceVerdict: Sendable, Equatable {
    /// The stream has not been read at all.
    case notBegun
    case beforeStart(Timestamp)
    /// Retention has deleted the records from before this time.
    case pruned(Timestamp)
    /// Retention deleted it before it reached these sinks, which were not configured at that time.
    case lost(sinks: [String])
    /// The stream's filters exclude it.
    case filtered
    /// The next polls will fetch it.
    case notYetRead(since: Timestamp)
    /// No complete window with the current filters covers it; `isUnproved` if an empty response there proved
    /// nothing.
    case gap(isUnproved: Bool)
    /// It appeared after its time had been read; the next sweep will find it.
    case late(sweptTo: Timestamp)
    /// Its time was read and re-read without it.
    case missed

    /// Derives the reason from the source's response and the spool's coverage of that moment.
    ///
    /// `sweepsBack` is how far below `swept_to` the stream's sweeps read again.
    package init(
        _ source: SourceTrace,
        _ coverage: StreamCoverage?,
        at moment: Timestamp,
        sweepsBack: Duration = .zero
    ) {
        guard let coverage, let start = coverage.start, let since = coverage.since else {
            self = .notBegun
            return
        }
        if moment < start {
            self = .beforeStart(start)
        } else if let pruned = coverage.prunedTo, moment < pruned {
            // Retention never passes the sweeps: a record that it has not deleted was not there when swept.
            if coverage.wasDeleted == false {
                self = source.isListed == false ? .filtered : .missed
            } else if let sinks = coverage.lostAt, !sinks.isEmpty {
                self = .lost(sinks: sinks)
            } else {
                self = .pruned(pruned)
            }
        } else if source.isListed == false {
            self = .filtered
        } else if moment >= since {
            self = .notYetRead(since: since)
        } else if !coverage.isCovered {
            self = .gap(isUnproved: coverage.isUnproved)
        } else if let swept = coverage.sweptTo, moment < swept - sweepsBack {
            self = .missed
        } else {
            self = .late(sweptTo: (coverage.sweptTo ?? start) - sweepsBack)
        }
    }

    /// A stable identifier, for scripts.
    package var word: String {
        switch self {
        case .notBegun: "not_begun"
        case .beforeStart: "before_start"
        case .pruned: "pruned"
        case .lost: "lost"
        case .filtered: "filtered"
        case .notYetRead: "not_yet_read"
        case .gap: "gap"
        case .late: "late"
        case .missed: "missed"
        }
    }

    /// The explanation for the operator, with what to do.
    package var sentence: String {
        switch self {
        case .notBegun:
            "The stream has not been read yet: start the daemon, or see `spool status` for what prevents it."
        case .beforeStart(let start):
            "It was recorded before the stream's start, \(start). "
                + "`start` is applied only once, when the daemon first starts."
        case .pruned(let pruned):
            "Retention has deleted it, or it was recorded before \(pruned), at a time for which deleted ids "
                + "are no longer kept. `spool replay --refetch` over its time sends it again to one "
                + "destination."
        case .lost(let sinks):
            "Retention deleted it before it reached \(sinks.count == 1 ? "sink" : "the sinks") "
                + "\(sinks.joined(separator: ", ")), not configured at that time. "
                + "`spool replay --refetch` over its time sends it."
        case .filtered:
            "The stream's `filters` exclude it: the source does not list it when they are applied."
        case .notYetRead(let since):
            "The stream has been read up to \(since), and it was recorded later: "
                + "the next polls will fetch it."
        case .gap(let isUnproved):
            isUnproved
                ? "Its time was read when it was more than 30 days ago, and the source's response was empty, "
                    + "which proves nothing. `spool verify --repair` over its time reads it again."
                : "It lies in a gap: its time has not been read completely with the current filters "
                    + "(`select * from gaps`). `spool verify --repair` over its time fetches it."
        case .late(let swept):
            "It appeared after its time had been read. Records from \(swept) on will be read a second time: "
                + "the next sweep will find it."
        case .missed:
            "Its time was read and re-read without it: it appeared later than `look_back` covers. "
                + "`spool verify --repair` over its time fetches it."
        }
    }
}
