import GRDB
import SpoolCore

/// The rows of `connection`, and what their ends prove of the ledger's rows of evidence `kernel`.
enum SinkConnections {
    /// True for a ledger row `l` with its connection `c` while fewer bytes were settled after it than may lie unread in
    /// the receiver's kernel; true as well where the numbers are not known, as in rows of an older schema.
    private static let isWithinReachSQL = "coalesce(l.position + c.doubt_bytes > c.settled_bytes, 1)"

    /// True for a ledger row `l` with its connection `c` when nothing proves that the receiver has read it, and nothing
    /// will.
    ///
    /// The view `deliveries` says the same; a test compares them.
    static let isDoubtfulSQL = """
        (l.evidence IS 'kernel' AND (c.how IS 'unclean' OR c.id IS NULL)
                AND \(isWithinReachSQL))
        """

    /// True for a ledger row `l` with its connection `c` when the end of that connection has yet to prove that the
    /// receiver has read it.
    static let isPendingSQL = """
        (l.evidence IS 'kernel' AND c.id IS NOT NULL AND c.how IS NULL
                AND \(isWithinReachSQL))
        """

    /// - Returns: an id that no connection had before; 0 when the sink is gone.
    static func open(
        _ db: Database,
        _ sink: SinkID,
        address: String,
        transport: String,
        doubtBytes: Int64,
        at now: Timestamp
    ) throws -> ConnectionID {
        let id = try FreshID.next(db, in: .connection)
        try db.execute(
            sql: """
                INSERT INTO connection (id, sink_id, address, transport, doubt_bytes, opened_ms)
                SELECT ?, id, ?, ?, ?, ? FROM sink WHERE id = ?
                """,
            arguments: [id, address, transport, doubtBytes, now.milliseconds, sink.value]
        )
        // Of an ad-hoc destination removed meanwhile: nothing is settled over it.
        return db.changesCount == 1 ? ConnectionID(id) : ConnectionID(0)
    }

    /// Notes how far connections have settled.
    ///
    /// With each settlement, in its transaction: a crash closes no connection, and at a close the ledger would have
    /// to be searched for the last row.
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

    /// Closes what a crash left open as unclean, at the last thing known of it: its last ledger row.
    static func closeLeftOpen(_ db: Database) throws { try db.execute(sql: closeSQL) }

    /// Both by index: a start takes no longer for a long ledger.
    static let closeSQL = """
        UPDATE connection INDEXED BY connection_open SET how = 'unclean', closed_ms = coalesce(
            (SELECT max(l.settled_ms) FROM ledger l WHERE l.connection_id = connection.id), opened_ms)
        WHERE closed_ms IS NULL
        """
}
