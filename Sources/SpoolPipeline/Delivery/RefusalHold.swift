import DequeModule
package import SpoolCore

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
    package mutating func judge(_ lanes: [SettledLane], elapsed: Duration) -> SettleDecision {
        var decision = SettleDecision()
        for lane in lanes where decision.fault == nil {
            if isOn { judgeProbe(lane, &decision) } else { judge(lane, elapsed, &decision) }
        }
        return decision
    }

    private mutating func judge(_ lane: SettledLane, _ elapsed: Duration, _ decision: inout SettleDecision) {
        for run in lane.runs where run.outcome.isThere || run.outcome.isRefusedByReceiver {
            meter.note(refused: !run.outcome.isThere, count: run.events, elapsed: elapsed)
        }
        if lane.isRefused, meter.isMass(elapsed: elapsed) {
            isOn = true
            decision.lanes.append(lane.beforeRefusal())
            decision.fault = .massRefusal
        } else {
            decision.lanes.append(lane)
            if lane.hasRetry { decision.fault = .askedToRetry }
        }
    }

    private mutating func judgeProbe(_ lane: SettledLane, _ decision: inout SettleDecision) {
        if lane.hasRetry {
            // A retry says nothing about refusals: the head event stops waiting and is sent again.
            if waiting.isEmpty { decision.lanes.append(lane) }
            waiting = []
            decision.fault = .askedToRetry
        } else if lane.isAccepted {
            decision.lanes += waiting + [lane]
            self = RefusalHold()
        } else if lane.isRefused, waitsForLater {
            waiting = []
            decision.fault = .massRefusal
        } else if lane.isRefused || waitsForLater {
            waiting.append(lane)
        } else {
            // Filtered, or not sent: an outcome, but not a probe.
            decision.lanes.append(lane)
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

/// Distinguishes a bad event from a bad setting.
///
/// A sink that rejects most events is held, instead of turning all its events into dead letters.
package struct RefusalMeter: Sendable {
    /// The number of recent outcomes that are evaluated.
    package static let window = 50
    /// A mass refusal: at least this many of them, and more than half, are refusals.
    package static let least = 20
    /// Also a mass refusal: more dead letters than this within `span`.
    package static let most = 100
    package static let span = Duration.seconds(300)

    private var recent: Deque<Bool> = []
    private var letters: Deque<Duration> = []

    package init() {}

    /// Notes outcomes in event order; those of events that were not sent must not be noted.
    package mutating func note(refused: Bool, count: Int, elapsed: Duration) {
        for _ in 0..<min(count, Self.window) { recent.append(refused) }
        if recent.count > Self.window { recent.removeFirst(recent.count - Self.window) }
        guard refused else { return }
        for _ in 0..<min(count, Self.most + 1) { letters.append(elapsed) }
        while let first = letters.first, letters.count > Self.most + 1 || first < elapsed - Self.span {
            letters.removeFirst()
        }
    }

    /// True when the sink must be held.
    package func isMass(elapsed: Duration) -> Bool {
        let refusals = recent.count { $0 }
        let late = letters.count { $0 >= elapsed - Self.span }
        return (refusals >= Self.least && refusals * 2 > recent.count) || late > Self.most
    }

    /// Forgets all outcomes, after an accepted probe.
    package mutating func clear() {
        recent.removeAll()
        letters.removeAll()
    }
}
