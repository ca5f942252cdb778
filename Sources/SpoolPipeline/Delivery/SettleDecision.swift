package import SpoolCore

/// The result of evaluating settled batches: the outcomes to write, and the fault that ends the session, if
/// any.
package struct SettleDecision: Sendable {
    /// The outcomes to write, in the order of sending.
    package var lanes: [SettledLane] = []
    package var fault: SinkFault?

    package init(lanes: [SettledLane] = [], fault: SinkFault? = nil) {
        self.lanes = lanes
        self.fault = fault
    }

    /// True when at least one event has its final outcome.
    package var hasOutcomes: Bool { lanes.contains { !$0.runs.isEmpty } }

    /// True when at least one outcome comes from the receiver.
    var hasAnswers: Bool { lanes.contains(where: \.isAnswer) }
}
