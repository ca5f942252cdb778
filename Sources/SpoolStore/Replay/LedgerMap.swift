import GRDB
import SpoolCore

/// What the ledger says a sink has of one stream, by evidence.
struct LedgerMap: Sendable {
    /// The receiver said so, or already had it.
    var acknowledged: SeqRanges
    /// The receiver's kernel took it, and the receiver has read it.
    var kernel: SeqRanges
    /// The receiver's kernel took it over a connection that is still open: whether it was read is not proved yet.
    var pending: SeqRanges
    /// It was handed to the network.
    var sent: SeqRanges
    /// The receiver's kernel took it, and may have held it unread when its connection ended uncleanly.
    var doubtful: SeqRanges
    /// What `--missing-only` leaves out: all but the doubtful.
    var there: SeqRanges
    /// Dead letters an operator has given up.
    let dismissed: Set<Int64>

    /// Of a destination that has had nothing.
    init() {
        (acknowledged, kernel, pending, sent) = (SeqRanges(), SeqRanges(), SeqRanges(), SeqRanges())
        (doubtful, there) = (SeqRanges(), SeqRanges())
        dismissed = []
    }

    /// Reads the rows that speak for anything in (`after`, `through`].
    init(_ db: Database, sink: SinkID, stream: StreamID, after: Int64, through: Int64) throws {
        let rows = try Row.fetchCursor(
            db.cachedStatement(
                sql: """
                    SELECT l.first_seq, l.last_seq, l.outcome = 'already' OR l.evidence = 'acknowledged',
                        l.evidence IS 'kernel', \(SinkConnections.isDoubtfulSQL),
                        \(SinkConnections.isPendingSQL)
                    FROM ledger l INDEXED BY ledger_range LEFT JOIN connection c ON c.id = l.connection_id
                    WHERE l.sink_id = ? AND l.stream_id = ? AND l.last_seq > ? AND l.first_seq <= ?
                        AND l.outcome IN ('delivered', 'already')
                    """
            ),
            arguments: [sink.value, stream.value, after, through]
        )
        var ranges: (acknowledged: [ClosedRange<Int64>], kernel: [ClosedRange<Int64>]) = ([], [])
        var others: (sent: [ClosedRange<Int64>], doubtful: [ClosedRange<Int64>]) = ([], [])
        var pending: [ClosedRange<Int64>] = []
        while let row = try rows.next() {
            let range = (row[0] as Int64)...(row[1] as Int64)
            if row[4] {
                others.doubtful.append(range)
            } else if row[2] {
                ranges.acknowledged.append(range)
            } else if row[5] {
                pending.append(range)
            } else if row[3] {
                ranges.kernel.append(range)
            } else {
                others.sent.append(range)
            }
        }
        acknowledged = SeqRanges(ranges.acknowledged)
        kernel = SeqRanges(ranges.kernel)
        self.pending = SeqRanges(pending)
        sent = SeqRanges(others.sent)
        doubtful = SeqRanges(others.doubtful)
        there = SeqRanges(ranges.acknowledged + ranges.kernel + pending + others.sent)
        dismissed = Set(
            try Int64.fetchAll(
                db,
                sql: """
                    SELECT seq FROM dead_letter
                    WHERE sink_id = ? AND stream_id = ? AND seq > ? AND seq <= ? AND dismissed_ms IS NOT NULL
                    """,
                arguments: [sink.value, stream.value, after, through]
            )
        )
    }
}
