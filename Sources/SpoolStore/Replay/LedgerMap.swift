import GRDB
import SpoolCore

/// The events of one stream that a sink has according to the ledger, by evidence.
struct LedgerMap: Sendable {
    /// The receiver acknowledged them, or already had them.
    var acknowledged: SeqRanges
    /// The receiver's kernel acknowledged them, and the receiver has read them.
    var kernel: SeqRanges
    /// The receiver's kernel acknowledged them over a connection that is still open: that they were read is
    /// not proved yet.
    var pending: SeqRanges
    /// They were handed to the network.
    var sent: SeqRanges
    /// The receiver's kernel acknowledged them, and may have held them unread when the connection ended
    /// uncleanly.
    var doubtful: SeqRanges
    /// What `--missing-only` omits: all but the doubtful ones.
    var there: SeqRanges
    /// Dead letters that an operator has dismissed.
    let dismissed: Set<Int64>

    /// The map of a destination that has received nothing.
    init() {
        (acknowledged, kernel, pending, sent) = (SeqRanges(), SeqRanges(), SeqRanges(), SeqRanges())
        (doubtful, there) = (SeqRanges(), SeqRanges())
        dismissed = []
    }

    /// Reads the rows that cover any event in (`after`, `through`].
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

/// A set of `seq` as sorted, disjoint ranges, for lookups in nearly ascending order.
struct SeqRanges: Sendable, Equatable {
    private var starts: [Int64] = []
    private var ends: [Int64] = []
    /// The range found last: events of a window are near each other in `seq`.
    private var hint = 0

    var isEmpty: Bool { starts.isEmpty }

    /// Accepts ranges in any order, overlapping or not; ends are inclusive.
    init(_ ranges: [ClosedRange<Int64>] = []) {
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if let end = ends.last, range.lowerBound <= end {
                ends[ends.count - 1] = max(end, range.upperBound)
            } else {
                starts.append(range.lowerBound)
                ends.append(range.upperBound)
            }
        }
    }

    /// The last `seq` of the range that contains this one; nil when none does.
    mutating func end(around seq: Int64) -> Int64? {
        guard !starts.isEmpty else { return nil }
        if starts[hint] > seq || ends[hint] < seq {
            var (low, high) = (0, starts.count)
            while low < high {
                let middle = (low + high) / 2
                if starts[middle] <= seq { low = middle + 1 } else { high = middle }
            }
            guard low > 0 else { return nil }
            hint = low - 1
        }
        return starts[hint] <= seq && seq <= ends[hint] ? ends[hint] : nil
    }

    mutating func contains(_ seq: Int64) -> Bool { end(around: seq) != nil }
}
