/// A session's reports about the batches it was given, in their order.
package enum Settlement: Sendable {
    /// The oldest unsettled batches, oldest first, with their outcomes.
    case settled([SettledBatch])
    /// The receiver refused the oldest unsettled batch as a whole and named no event.
    ///
    /// The delivery loop sends it again in halves. The session stays open; the batches after it have to be
    /// sent again as well.
    case refusedWhole(batch: Int, Refusal)
    /// The session has ended. Every batch not settled before this must be sent again.
    case ended(SinkFault)
    /// The session ended after `finish`, and everything it was given has been settled.
    case finished
}

/// A batch with the outcome of each of its events.
package struct SettledBatch: Sendable, Hashable {
    /// The number that was passed to `send`.
    package let batch: Int
    /// Outcomes in event order; their counts add up to the batch's.
    package let runs: [OutcomeRun]
    /// Bytes written for it, framing included.
    package let bytes: Int
    /// Indices, in order, of events whose message was shortened for sending.
    package let cut: [Int]

    package init(batch: Int, runs: [OutcomeRun], bytes: Int, cut: [Int] = []) {
        self.batch = batch
        self.runs = runs
        self.bytes = bytes
        self.cut = cut
    }
}
