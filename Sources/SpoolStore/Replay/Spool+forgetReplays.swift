import GRDB
package import SpoolCore

extension Spool {
    /// Maximum number of finished replays kept, regardless of their age.
    static let mostEndedReplays = 1_000

    /// Removes replays that ended before a time, and the oldest above `mostEndedReplays`, with what belongs
    /// only to them.
    ///
    /// A replay with events that are still needed stays, and so does one that ended within the last minute,
    /// because its loop may still settle.
    ///
    /// - Returns: how many were removed.
    @discardableResult
    package func forgetReplays(
        endedBefore time: Timestamp,
        at now: Timestamp,
        isStopped: @Sendable () -> Bool = { false }
    ) async throws(StoreError) -> Int {
        let most = Self.mostEndedReplays
        let ids = try await read { db in
            try Int64.fetchAll(
                db,
                sql: """
                    SELECT id FROM replay
                    WHERE state NOT IN ('running', 'paused') AND finished_ms < ?3
                        AND (finished_ms < ?1 OR id <= (
                        SELECT id FROM replay WHERE state NOT IN ('running', 'paused')
                        ORDER BY id DESC LIMIT 1 OFFSET ?2))
                    ORDER BY id
                    """,
                arguments: [time.milliseconds, most, (now - OwnStream.settling).milliseconds]
            )
        }
        var removed = 0
        for id in ids where !isStopped() {
            do throws(StoreError) {
                try await remove(ReplayID(id))
                removed += 1
            } catch {
                // It has dead letters, or events that another replay has not sent yet; the next call tries
                // again.
                guard error.kind == .invalid else { throw error }
            }
        }
        return removed
    }

    /// The replay with this id; nil when there is none.
    package func replay(_ id: ReplayID) async throws(StoreError) -> Replay? {
        try await read { try ReplayRows.fetch($0, id: id).first }
    }
}
