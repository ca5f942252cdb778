import GRDB
package import SpoolCore

extension Spool {
    /// So many ended replays are kept at most, whatever their age.
    static let mostEndedReplays = 1_000

    /// Removes replays that ended before a time, with what belongs to them alone, and the oldest above
    /// `mostEndedReplays`; one that still has something to keep stays, and one that ended within the last minute, whose
    /// loop may still settle.
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
                    WHERE state NOT IN ('running', 'paused') AND finished_ms < ?3 AND (finished_ms < ?1 OR id <= (
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
                // It keeps dead letters, or what another replay has yet to send: it is tried again.
                guard error.kind == .invalid else { throw error }
            }
        }
        return removed
    }

    /// A replay; nil when there is none of this number.
    package func replay(_ id: ReplayID) async throws(StoreError) -> Replay? {
        try await read { try ReplayRows.fetch($0, id: id).first }
    }
}
