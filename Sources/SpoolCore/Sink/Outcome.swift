/// What proves that a sink has delivered an event.
package enum Evidence: String, Sendable, Codable, CaseIterable {
    /// The receiver itself acknowledged it (webhook).
    case acknowledged
    /// The receiver's kernel acknowledged it, and the connection did not break within the grace period (TCP,
    /// TLS).
    ///
    /// That the receiver has read it is only proved later (`KernelDoubt`).
    case kernel
    /// It was handed to the network (UDP); nothing more is claimed.
    case sent
}

/// Why an event is never delivered.
package struct Refusal: Sendable, Hashable {
    /// A short fixed word, as stored in `dead_letter.reason`: `rejected`, `too-large`, `unrenderable`.
    package let reason: String
    /// The receiver's answer, or why the event was not sent, without the event's content.
    package let detail: String
    /// True when this program did not send the event; this says nothing about the receiver.
    package let isLocal: Bool

    package init(reason: String, detail: String, isLocal: Bool = false) {
        self.reason = reason
        self.detail = detail
        self.isLocal = isLocal
    }
}

/// The outcome of an event at a sink.
///
/// All except `retry` are final and let the watermark advance.
package enum Outcome: Sendable, Hashable {
    case delivered(Evidence)
    /// The receiver already had it.
    case already
    /// The sink's own filter excludes it.
    case filtered
    /// It is never delivered, because the receiver rejects it or it cannot be sent: a dead letter.
    case refused(Refusal)
    /// Not delivered yet; the watermark stays before it.
    case retry

    /// The word stored in `ledger.outcome`.
    package var name: String {
        switch self {
        case .delivered: "delivered"
        case .already: "already"
        case .filtered: "filtered"
        case .refused: "refused"
        case .retry: "retry"
        }
    }

    /// True when the receiver has the event.
    package var isThere: Bool {
        switch self {
        case .delivered, .already: true
        case .filtered, .refused, .retry: false
        }
    }
}

/// Consecutive events of a batch with the same outcome.
package struct OutcomeRun: Sendable, Hashable {
    package let count: Int
    package let outcome: Outcome

    package init(count: Int, outcome: Outcome) {
        self.count = count
        self.outcome = outcome
    }
}

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
