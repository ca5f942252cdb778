package import SpoolCore

/// The result of evaluating settled batches: the outcomes to write, and the fault that ends the session, if
/// any.
package struct Verdict: Sendable {
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

/// Holds a sink that rejects most events, and keeps its events, until a probe is accepted.
///
/// A held sink is sent its head event and a later one as probes. When either is accepted, delivery continues,
/// and a refusal of the head event is final. When both are refused, neither refusal is written, and the sink
/// stays held. An event that spool does not send, because its message would be too long, is ignored here: it
/// is neither a refusal by the receiver nor a probe.
package struct RefusalHold: Sendable {
    private var meter = RefusalMeter()
    /// True while the sink is held.
    package private(set) var isOn = false
    /// The refused head event and filtered ones after it: only written if a later event is accepted.
    package private(set) var waiting: [SettledLane] = []

    package init() {}

    /// True when the head event was refused, and a later one must show whether only that event is rejected.
    package var waitsForLater: Bool { !waiting.isEmpty }

    /// True when another probe may be sent.
    package func hasRoom(underWay: Int) -> Bool { underWay + (waitsForLater ? 1 : 0) < 2 }

    /// The session has ended: the head event is sent again.
    package mutating func forgetHead() { waiting = [] }

    /// Evaluates batches in the order of sending; batches after a fault are dropped and sent again.
    package mutating func judge(_ lanes: [SettledLane], elapsed: Duration) -> Verdict {
        var verdict = Verdict()
        for lane in lanes where verdict.fault == nil {
            if isOn { judgeProbe(lane, &verdict) } else { judge(lane, elapsed, &verdict) }
        }
        return verdict
    }

    private mutating func judge(_ lane: SettledLane, _ elapsed: Duration, _ verdict: inout Verdict) {
        for run in lane.runs where run.outcome.isThere || run.outcome.isRefusedByReceiver {
            meter.note(refused: !run.outcome.isThere, count: run.events, elapsed: elapsed)
        }
        if lane.isRefused, meter.isMass(elapsed: elapsed) {
            isOn = true
            verdict.lanes.append(lane.beforeRefusal())
            verdict.fault = .massRefusal
        } else {
            verdict.lanes.append(lane)
            if lane.hasRetry { verdict.fault = .askedToRetry }
        }
    }

    private mutating func judgeProbe(_ lane: SettledLane, _ verdict: inout Verdict) {
        if lane.hasRetry {
            // A retry says nothing about refusals: the head event stops waiting and is sent again.
            if waiting.isEmpty { verdict.lanes.append(lane) }
            waiting = []
            verdict.fault = .askedToRetry
        } else if lane.isAccepted {
            verdict.lanes += waiting + [lane]
            self = RefusalHold()
        } else if lane.isRefused, waitsForLater {
            waiting = []
            verdict.fault = .massRefusal
        } else if lane.isRefused || waitsForLater {
            waiting.append(lane)
        } else {
            // Filtered, or not sent: an outcome, but not a probe.
            verdict.lanes.append(lane)
        }
    }
}

extension SinkFault {
    /// The receiver rejects most events.
    ///
    /// Spool then ends the connection itself, and does not learn whether the receiver has read what its
    /// kernel acknowledged.
    static let massRefusal = SinkFault(
        .misconfigured,
        isUnclean: true,
        "the receiver rejects most events; the sink is held and its events are kept. "
            + "Check the receiver's log for the reason, then correct the sink's settings."
    )

    /// The receiver asked for a retry of some events.
    static let askedToRetry = SinkFault(
        .throttled(.seconds(1)),
        isUnclean: true,
        "the receiver asked for a retry later"
    )
}
