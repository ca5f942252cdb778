import GRDB
package import SpoolCore

/// When a daemon last used the spool.
package struct LastDaemon: Sendable, Equatable {
    /// When it ended; if it did not shut down cleanly, when it last recorded anything.
    package let until: Timestamp
    /// False when it did not close the spool: it was killed, or the power was lost.
    package let endedInGoodOrder: Bool
}

extension Spool {
    /// The names under which daemons hold a spool (`run.holder`).
    static let daemons = ["spool run", "spool demo"]

    /// True when a holder, as returned by `holder(ofSpoolAt:)`, is or may be a daemon.
    ///
    /// On a full disk the lock file may not contain the holder.
    package static func mayBeDaemon(_ holder: String) -> Bool {
        !holder.hasSuffix(")") || daemons.contains { holder.hasSuffix("(\($0))") }
    }

    /// The daemon that used the spool last; nil when none ever has.
    package func lastDaemon() async throws(StoreError) -> LastDaemon? {
        try await read { db in
            let row = try Row.fetchOne(
                db,
                sql: """
                    SELECT started_ms, ended_ms FROM run WHERE holder IN (?, ?) ORDER BY id DESC LIMIT 1
                    """,
                arguments: StatementArguments(Self.daemons)
            )
            guard let row else { return nil }
            if let ended = row[1] as Int64? {
                return LastDaemon(until: Timestamp(milliseconds: ended), endedInGoodOrder: true)
            }
            // Only daemons record samples and polls.
            let signs = try Int64.fetchOne(
                db,
                sql: """
                    SELECT max(coalesce((SELECT max(at_ms) FROM stream_sample), 0),
                        coalesce((SELECT max(at_ms) FROM sink_sample), 0),
                        coalesce((SELECT max(polled_ms) FROM stream), 0))
                    """
            )
            let last = max(row[0] as Int64, signs ?? 0)
            return LastDaemon(until: Timestamp(milliseconds: last), endedInGoodOrder: false)
        }
    }
}
