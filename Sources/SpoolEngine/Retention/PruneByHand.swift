package import SpoolControl
package import SpoolCore
package import SpoolStore

/// Runs retention on an operator's request: once, to completion, by the same rules as the loop.
package struct PruneByHand: Sendable {
    let spool: Spool
    let rules: RetentionRules
    /// The current time of each source.
    let dates: [StreamID: Timestamp]
    /// The local time.
    let wall: Timestamp

    /// Creates a run of retention over a spool.
    package init(spool: Spool, rules: RetentionRules, dates: [StreamID: Timestamp], wall: Timestamp) {
        self.spool = spool
        self.rules = rules
        self.dates = dates
        self.wall = wall
    }

    /// Deletes the events that may be deleted, or only counts them with `isDryRun`.
    package func run(isDryRun: Bool) async throws(StoreError) -> PruneAnswer {
        let before = try await spool.status()
        let now = rules.times(dates)
        var lost = 0
        var counts: [StreamID: Int]
        if isDryRun {
            counts = try await spool.prunable(now: now, at: wall, age: rules.age)
        } else {
            var report: PruneReport
            repeat {
                report = try await spool.prune(now: now, at: wall, age: rules.age)
                lost += report.lost
            } while report.hasMore && !Task.isCancelled
            let after = try await spool.status()
            counts = Self.kept(before).merging(Self.kept(after)) { $0 - $1 }
            // Events inserted meanwhile must not distort the count.
            let came = Self.inserted(before).merging(Self.inserted(after)) { $1 - $0 }
            for (stream, count) in came { counts[stream, default: 0] += count }
        }
        return PruneAnswer(
            isDryRun: isDryRun,
            age: rules.age,
            streams: before.streams.map {
                PruneAnswer.Stream(
                    name: $0.name,
                    events: counts[$0.id] ?? 0,
                    isWithoutTime: $0.isConfigured && $0.name != .notifications && now[$0.id] == nil
                )
            },
            lost: lost,
            bytesInUse: try await spool.status().size.inUse
        )
    }

    private static func kept(_ status: SpoolStatus) -> [StreamID: Int] {
        Dictionary(uniqueKeysWithValues: status.streams.map { ($0.id, $0.kept) })
    }

    private static func inserted(_ status: SpoolStatus) -> [StreamID: Int] {
        Dictionary(uniqueKeysWithValues: status.streams.map { ($0.id, $0.inserted) })
    }
}
