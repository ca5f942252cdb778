import GRDB

/// The rows of `connection`.
enum SinkConnections {
    /// How long before an unclean end rows of evidence `kernel` are doubtful.
    static let doubtMilliseconds: Int64 = 60_000

    /// True for a ledger row `l` with its connection `c` when nothing proves that the receiver has read it.
    static let isDoubtfulSQL = """
        (l.evidence IS 'kernel' AND c.how IS 'unclean' AND l.settled_ms >= c.closed_ms - \(doubtMilliseconds))
        """

    /// Closes what a crash left open as unclean, at the last thing known of it: its last ledger row.
    static func closeLeftOpen(_ db: Database) throws { try db.execute(sql: closeSQL) }

    /// Both by index: a start takes no longer for a long ledger.
    static let closeSQL = """
        UPDATE connection INDEXED BY connection_open SET how = 'unclean', closed_ms = coalesce(
            (SELECT max(l.settled_ms) FROM ledger l WHERE l.connection_id = connection.id), opened_ms)
        WHERE closed_ms IS NULL
        """
}
