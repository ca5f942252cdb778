import GRDB
import SpoolCore

/// The rows of `connection`, and what their ends prove about ledger rows with the evidence `kernel`.
enum SinkConnections {
    /// True for a ledger row `l` with its connection `c` while fewer bytes were settled after it than the
    /// receiver's kernel may hold unread; also true when the numbers are unknown, as in rows of an older
    /// schema.
    private static let isWithinReachSQL = "coalesce(l.position + c.doubt_bytes > c.settled_bytes, 1)"

    /// True for a ledger row `l` with its connection `c` when nothing proves or will prove that the receiver
    /// has read it.
    ///
    /// The view `deliveries` uses the same condition; a test compares them.
    static let isDoubtfulSQL = """
        (l.evidence IS 'kernel' AND (c.how IS 'unclean' OR c.id IS NULL)
                AND \(isWithinReachSQL))
        """

    /// True for a ledger row `l` with its connection `c` when only the end of that connection can still prove
    /// that the receiver has read it.
    static let isPendingSQL = """
        (l.evidence IS 'kernel' AND c.id IS NOT NULL AND c.how IS NULL
                AND \(isWithinReachSQL))
        """

    /// Records a new connection of a sink, which has one at a time.
    ///
    /// If the end of the previous one could not be recorded, for example on a full disk during a stop, that
    /// connection counts as ended uncleanly. If it stayed open, its rows would be pending, and keep their
    /// events, until the next start.
    ///
    /// - Returns: an id that no connection had before; 0 when the sink no longer exists.
    static func open(
        _ db: Database,
        _ sink: SinkID,
        address: String,
        transport: String,
        doubtBytes: Int64,
        at now: Timestamp
    ) throws -> ConnectionID {
        try db.execute(sql: closeSQL + " AND sink_id = ?", arguments: [sink.value])
        let id = try FreshID.next(db, in: .connection)
        try db.execute(
            sql: """
                INSERT INTO connection (id, sink_id, address, transport, doubt_bytes, opened_ms)
                SELECT ?, id, ?, ?, ?, ? FROM sink WHERE id = ?
                """,
            arguments: [id, address, transport, doubtBytes, now.milliseconds, sink.value]
        )
        // The sink was an ad-hoc destination that was removed in the meantime: nothing is settled over this
        // connection.
        return db.changesCount == 1 ? ConnectionID(id) : ConnectionID(0)
    }

    /// Records how far connections have settled.
    ///
    /// This happens in the transaction of each settlement, because a crash does not close connections, and
    /// because at a close the ledger would have to be searched for the last row.
    static func settled(_ db: Database, _ entries: [LedgerEntry], sink: SinkID) throws {
        var reached: [ConnectionID: Int64] = [:]
        for entry in entries {
            guard let connection = entry.connection else { continue }
            reached[connection] = max(reached[connection] ?? 0, entry.position)
        }
        for (connection, position) in reached {
            try db.cachedStatement(
                sql:
                    "UPDATE connection SET settled_bytes = max(settled_bytes, ?) WHERE id = ? AND sink_id = ?"
            ).execute(arguments: [position, connection.value, sink.value])
        }
    }

    /// Closes connections that a crash left open, as unclean and at the time of their last ledger row.
    static func closeLeftOpen(_ db: Database) throws { try db.execute(sql: closeSQL) }

    /// Both lookups use an index, so that the start does not take longer with a long ledger.
    static let closeSQL = """
        UPDATE connection INDEXED BY connection_open SET how = 'unclean', closed_ms = coalesce(
            (SELECT max(l.settled_ms) FROM ledger l WHERE l.connection_id = connection.id), opened_ms)
        WHERE closed_ms IS NULL
        """
}
