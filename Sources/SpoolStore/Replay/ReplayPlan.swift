import GRDB
import SpoolCore

/// The plan of a replay of one stream, computed from every event of its window.
struct ReplayPlan: Sendable {
    let stream: StreamID
    /// The sink's watermark: later events are delivered by the live lane.
    let last: Int64
    private(set) var estimate = ReplayEstimate()
    /// The first and the last event to send.
    private(set) var first: Int64?
    private(set) var end: Int64?
    private let missingOnly: Bool
    private var map: LedgerMap
    private let deadLetters: Set<Int64>

    /// Creates an empty plan; without `sink`, for an ad-hoc destination, which has received nothing yet.
    init(_ db: Database, sink: SinkID?, subscription: ReplayTarget.Subscription, missingOnly: Bool) throws {
        stream = subscription.stream
        last = subscription.watermark
        self.missingOnly = missingOnly
        guard let sink else {
            map = LedgerMap()
            deadLetters = []
            return
        }
        map = try LedgerMap(db, sink: sink, stream: stream, after: 0, through: .max)
        deadLetters = Set(
            try Int64.fetchAll(
                db,
                sql: """
                    SELECT seq FROM dead_letter
                    WHERE sink_id = ? AND stream_id = ? AND dismissed_ms IS NULL
                    """,
                arguments: [sink.value, stream.value]
            )
        )
    }

    /// Adds the next event of the window to the plan.
    mutating func look(at seq: Int64) {
        guard seq <= last else {
            estimate.stillToComeLive += 1
            return
        }
        estimate.inWindow += 1
        var isThere = true
        if map.acknowledged.contains(seq) {
            estimate.acknowledged += 1
        } else if map.kernel.contains(seq) || map.pending.contains(seq) {
            estimate.kernel += 1
        } else if map.sent.contains(seq) {
            estimate.sent += 1
        } else {
            isThere = false
            if map.doubtful.contains(seq) { estimate.doubtful += 1 }
            if deadLetters.contains(seq) { estimate.deadLetters += 1 }
        }
        if missingOnly, isThere || map.dismissed.contains(seq) { return }
        estimate.toSend += 1
        first = min(first ?? seq, seq)
        end = max(end ?? seq, seq)
    }
}

extension ReplayEstimate {
    static func + (left: Self, right: Self) -> Self {
        ReplayEstimate(
            inWindow: left.inWindow + right.inWindow,
            toSend: left.toSend + right.toSend,
            acknowledged: left.acknowledged + right.acknowledged,
            kernel: left.kernel + right.kernel,
            sent: left.sent + right.sent,
            doubtful: left.doubtful + right.doubtful,
            deadLetters: left.deadLetters + right.deadLetters,
            stillToComeLive: left.stillToComeLive + right.stillToComeLive
        )
    }
}
