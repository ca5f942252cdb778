/// What is known of an event that a sink has taken.
package enum Evidence: String, Sendable, Codable, CaseIterable {
    /// The receiver itself said so (RELP, HEC, Elasticsearch, Kafka).
    case acknowledged
    /// The receiver's kernel has it, and the connection did not break within the grace (TCP, TLS). That the receiver
    /// has read it is proved only later (`KernelDoubt`).
    case kernel
    /// It was handed to the network (UDP); nothing more is claimed.
    case sent
}

/// Why an event is never delivered.
package struct Refusal: Sendable, Hashable {
    /// A short fixed word, as stored in `dead_letter.reason`: `rejected`, `too-large`, `unrenderable`.
    package let reason: String
    /// What the receiver said, or why the event was not sent, without the event's content.
    package let detail: String
    /// True when this program did not send the event: that says nothing about the receiver.
    package let isLocal: Bool

    package init(reason: String, detail: String, isLocal: Bool = false) {
        self.reason = reason
        self.detail = detail
        self.isLocal = isLocal
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
    /// It is never delivered: the receiver will not take it, or it cannot be sent. A dead letter.
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
