package import SpoolCore

/// What settled batches mean: the outcomes to be written, and why the session must end, if it must.
package struct Verdict: Sendable {
    /// To be written, in the order of sending.
    package var lanes: [SettledLane] = []
    package var fault: SinkFault?

    package init(lanes: [SettledLane] = [], fault: SinkFault? = nil) {
        self.lanes = lanes
        self.fault = fault
    }

    /// True when an event has its final outcome.
    package var hasOutcomes: Bool { lanes.contains { !$0.runs.isEmpty } }

    /// True when one of the outcomes tells something about the receiver.
    var hasAnswers: Bool { lanes.contains(where: \.isAnswer) }
}

/// Holds a sink that refuses most of what it gets, with its events, until a probe shows that it takes some.
///
/// A held sink is sent its head event and a later one. It goes on when either is accepted: then the head's
/// refusal is its own. When both are refused neither is written, and the sink stays held. An event that this program
/// does not send, since its message would be too long, counts for nothing here: it is no refusal of the receiver, and
/// no probe.
package struct RefusalHold: Sendable {
    private var meter = RefusalMeter()
    /// True while the sink is held.
    package private(set) var isOn = false
    /// The head event, refused, and filtered ones behind it: written only if a later one is accepted.
    package private(set) var waiting: [SettledLane] = []

    package init() {}

    /// True when the head event was refused and a later one has to tell whether that was the event's fault.
    package var waitsForLater: Bool { !waiting.isEmpty }

    /// True when another probe may be sent.
    package func hasRoom(underWay: Int) -> Bool { underWay + (waitsForLater ? 1 : 0) < 2 }

    /// The session is over: the head event is sent again.
    package mutating func forgetHead() { waiting = [] }

    /// Decides over batches in the order of sending; what comes after a fault is dropped and sent again.
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
            // It says nothing of refusals: the head waits no longer and is sent again.
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
            // Filtered, or not sent: no probe at all, but an outcome.
            verdict.lanes.append(lane)
        }
    }
}

extension SinkFault {
    /// Most of what the sink was sent came back refused.
    ///
    /// We end the connection ourselves then, and hear no more whether what was settled by the kernel's word was read.
    static let massRefusal = SinkFault(
        .misconfigured,
        isUnclean: true,
        "the receiver rejects most events; the sink is held and its events are kept. "
            + "Check the receiver's log for the reason, then correct the sink's settings."
    )

    /// The receiver wants some events later.
    static let askedToRetry = SinkFault(
        .throttled(.seconds(1)),
        isUnclean: true,
        "the receiver asked for a retry later"
    )
}
