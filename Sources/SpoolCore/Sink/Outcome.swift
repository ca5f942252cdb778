/// What is known of an event that a sink has taken.
package enum Evidence: String, Sendable, Codable, CaseIterable {
    /// The receiver itself said so (RELP, HEC, Elasticsearch, Kafka).
    case acknowledged
    /// The receiver's kernel has it, and the connection did not break within the grace (TCP, TLS).
    case kernel
    /// It was handed to the network (UDP); nothing more is claimed.
    case sent
}

/// Why a receiver refuses an event for good.
package struct Refusal: Sendable, Hashable {
    /// A short fixed word, as stored in `dead_letter.reason`: `rejected`, `too-large`, `unrenderable`.
    package let reason: String
    /// What the receiver said, without the event's content.
    package let detail: String

    package init(reason: String, detail: String) {
        self.reason = reason
        self.detail = detail
    }
}

/// What became of an event at a sink.
///
/// All but `retry` are final and let the watermark pass.
package enum Outcome: Sendable, Hashable {
    case delivered(Evidence)
    /// The receiver already had it.
    case already
    /// The sink's own filter leaves it out.
    case filtered
    /// The receiver will never take it: a dead letter.
    case refused(Refusal)
    /// Not now; the watermark stays in front of it.
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
}

/// Consecutive events of a batch that met the same outcome.
package struct OutcomeRun: Sendable, Hashable {
    package let count: Int
    package let outcome: Outcome

    package init(count: Int, outcome: Outcome) {
        self.count = count
        self.outcome = outcome
    }
}
