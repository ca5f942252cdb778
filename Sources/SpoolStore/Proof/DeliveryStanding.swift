import GRDB
package import SpoolCore

/// The delivery state of one event at one sink, according to the ledger.
package enum DeliveryStanding: Int64, Sendable {
    /// The receiver acknowledged it, or already had it.
    case acknowledged = 1
    /// The receiver's kernel acknowledged it, and the receiver has read it.
    case kernel
    /// The receiver's kernel acknowledged it over a connection that is still open: that it was read is not
    /// proved yet.
    case pending
    /// It was handed to the network.
    case sent
    /// The sink's filter left it out.
    case filtered
    /// Spooled before the sink's subscription began.
    case beforeStart
    /// A dead letter that an operator has dismissed.
    case dismissed
    /// No final outcome yet, above the watermark: the live lane will send it.
    case waiting
    /// No final outcome, and the live lane has passed it.
    case unsettled
    case deadLetter
    case doubtful
    /// Deleted by retention during the comparison: every sink had settled it, but the outcome is no longer
    /// known.
    case pruned
    /// Deleted by retention before it reached the sink, which was not configured at that time.
    case lost

    /// Why it is missing at the sink; nil when it is not.
    package var cause: MissingCause? {
        switch self {
        case .acknowledged, .kernel, .pending, .sent, .filtered, .beforeStart, .dismissed, .pruned: nil
        case .waiting, .unsettled: .unsettled
        case .deadLetter: .deadLetter
        case .doubtful: .doubtful
        case .lost: .lost
        }
    }

    /// True when the sink has it.
    package var isDelivered: Bool { rawValue <= DeliveryStanding.sent.rawValue }
}

/// A sink that subscribes to a stream, for a proof.
package struct ProofTarget: Sendable, Equatable {
    package let sink: SinkID
    package let name: SinkName
}

/// The delivery states of the events of a range of `seq` at one sink, in one snapshot.
struct StandingMap {
    private var ledger: LedgerMap
    private var filtered: SeqRanges
    private let deadLetters: Set<Int64>
    /// Nil for a subscription that is held or no longer exists.
    private let start: Int64?
    private let watermark: Int64

    init(_ db: Database, sink: SinkID, stream: StreamID, range: ClosedRange<Int64>) throws {
        let (after, through) = (range.lowerBound - 1, range.upperBound)
        ledger = try LedgerMap(db, sink: sink, stream: stream, after: after, through: through)
        filtered = SeqRanges(
            try Row.fetchAll(
                db.cachedStatement(
                    sql: """
                        SELECT first_seq, last_seq FROM ledger INDEXED BY ledger_range
                        WHERE sink_id = ? AND stream_id = ? AND last_seq > ? AND first_seq <= ?
                            AND outcome = 'filtered'
                        """
                ),
                arguments: [sink.value, stream.value, after, through]
            )
            .map { ($0[0] as Int64)...($0[1] as Int64) }
        )
        deadLetters = Set(
            try Int64.fetchAll(
                db,
                sql: """
                    SELECT seq FROM dead_letter
                    WHERE sink_id = ? AND stream_id = ? AND seq > ? AND seq <= ? AND dismissed_ms IS NULL
                    """,
                arguments: [sink.value, stream.value, after, through]
            )
        )
        let row = try Row.fetchOne(
            db,
            sql: "SELECT start_seq, watermark_seq FROM subscription WHERE sink_id = ? AND stream_id = ?",
            arguments: [sink.value, stream.value]
        )
        start = row?[0]
        watermark = row?[1] ?? 0
    }

    mutating func standing(of seq: Int64) -> DeliveryStanding {
        if ledger.acknowledged.contains(seq) { return .acknowledged }
        if ledger.kernel.contains(seq) { return .kernel }
        if ledger.pending.contains(seq) { return .pending }
        if ledger.sent.contains(seq) { return .sent }
        if filtered.contains(seq) { return .filtered }
        if deadLetters.contains(seq) { return .deadLetter }
        if ledger.dismissed.contains(seq) { return .dismissed }
        if ledger.doubtful.contains(seq) { return .doubtful }
        guard let start else { return .waiting }
        if seq <= start { return .beforeStart }
        return seq > watermark ? .waiting : .unsettled
    }
}
