import GRDB
import SpoolCore

/// The rows of `connection`.
enum SinkConnections {
    /// True for a ledger row `l` with its connection `c` when nothing proves that the receiver has read it.
    ///
    /// The view `deliveries` says the same; a test compares them.
    static let isDoubtfulSQL =
        "(l.evidence IS 'kernel' AND c.how IS 'unclean' AND l.settled_ms >= coalesce(c.doubt_from_ms, 0))"

    /// Notes from when on rows are doubtful should their connections end uncleanly.
    ///
    /// With each settlement, in its transaction: a crash closes no connection, and at a close the ledger would have
    /// to be searched for the last row.
    static func settled(_ db: Database, _ entries: [LedgerEntry], doubtFrom: Timestamp?) throws {
        var bounds: [ConnectionID: Timestamp] = [:]
        for entry in entries where entry.outcome.evidence == .kernel {
            guard let connection = entry.connection else { continue }
            let bound = doubtFrom ?? entry.settled - DeliveryCommit.doubt
            bounds[connection] = min(bounds[connection] ?? bound, bound)
        }
        for (connection, bound) in bounds {
            try db.cachedStatement(sql: "UPDATE connection SET doubt_from_ms = ? WHERE id = ?")
                .execute(arguments: [bound.milliseconds, connection.value])
        }
    }

    /// Closes what a crash left open as unclean, at the last thing known of it: its last ledger row.
    static func closeLeftOpen(_ db: Database) throws { try db.execute(sql: closeSQL) }

    /// Both by index: a start takes no longer for a long ledger.
    static let closeSQL = """
        UPDATE connection INDEXED BY connection_open SET how = 'unclean', closed_ms = coalesce(
            (SELECT max(l.settled_ms) FROM ledger l WHERE l.connection_id = connection.id), opened_ms)
        WHERE closed_ms IS NULL
        """
}
