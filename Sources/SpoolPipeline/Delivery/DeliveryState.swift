package import SpoolCore
import Synchronization

/// The complete state of a delivery loop as one value: lanes, batches in flight, sizes, refusals, health.
struct DeliveryState: Sendable {
    var schedule = LaneSchedule()
    private(set) var inFlight = InFlight()
    private(set) var size: BatchSize
    private(set) var hold = RefusalHold()
    var health = SinkHealth()
    /// How far the session has progressed.
    private(set) var reached = SinkHealth.Reached.nothing
    private var attempts: [Lane: Attempts] = [:]
    private(set) var rate = SinkRate()
    private let doubt: KernelDoubt
    /// The unproved settlements of the current connection.
    private var unproved = DoubtWindow()
    /// Derived from the ends of all connections so far.
    private(set) var suspicion = Suspicion()
    /// True from a suspicion until something was proved.
    private var isSuspected = false
    /// True while the session is being ended to obtain a proof of what it has settled.
    var isReopening = false
    /// The times of the first and the last lines of the current burst; a pause of `Suspicion.soon` ends a
    /// burst.
    private var burst: (began: Duration, last: Duration)?
    private var pace = ReplayPace()
    private var hasLive = false
    /// When the session was opened.
    private var opened: Duration?

    /// How long a connection must stay open, with nothing to send, to count as working again after failures.
    ///
    /// A load balancer without a receiver behind it closes each connection a few seconds after it was opened.
    static let proof = Duration.seconds(15)

    init(limit: BatchLimit, doubt: KernelDoubt = .none) {
        size = BatchSize(limit)
        self.doubt = doubt
    }

    /// The maximum size of the next batch.
    var limit: BatchLimit {
        hold.isOn ? BatchLimit(events: 1, bytes: size.limit.bytes) : size.limit
    }

    /// True when another batch may be sent now.
    var hasRoom: Bool {
        if hold.isOn { return hold.hasRoom(underWay: inFlight.batches) }
        return health.phase != .probing || inFlight.isEmpty
    }

    /// True while the settings are wrong or the receiver rejects most events, even if it can be connected to.
    var isHeld: Bool { health.isHeld || hold.isOn }

    /// The time at which a connection that stays open with nothing to send proves that the receiver is
    /// reachable again; nil when nothing needs to be proved, or when only a settlement can prove it.
    var provedAt: Duration? {
        guard health.failures > 0, inFlight.isEmpty, !hold.isOn else { return nil }
        return opened.map { $0 + Self.proof }
    }

    /// True when the session has been open for at least this long.
    func hasLasted(_ duration: Duration, at elapsed: Duration) -> Bool {
        opened.map { elapsed - $0 >= duration } ?? false
    }

    /// The connection has proved that the receiver is reachable.
    mutating func noteProof() { health.noteSuccess() }

    /// True when a held sink's head event was refused and no later event is in flight as a second probe.
    var lacksLaterProbe: Bool { hold.waitsForLater && inFlight.isEmpty }

    /// Sets the lanes from the spool's subscriptions and replays.
    mutating func set(_ subscriptions: [Subscription], _ replays: [Replay], elapsed: Duration) {
        hasLive = !subscriptions.isEmpty
        pace.set(replays)
        if let known = replays.lazy.compactMap(\.sinkRate).first { rate.recall(known, at: elapsed) }
        schedule.set(live: subscriptions, replays: replays) { [inFlight] in inFlight.through($0) }
        attempts = attempts.filter { schedule.reading(of: $0.key) != nil }
    }

    /// Whether a replay may send now.
    func turn(of replay: ReplayID, elapsed: Duration) -> ReplayPace.Turn {
        pace.turn(of: replay, sinkRate: pacingRate(elapsed), now: elapsed)
    }

    /// A replay's batch was taken for sending.
    mutating func noteTaken(_ replay: ReplayID, events: Int, elapsed: Duration) {
        pace.noteTaken(replay, events: events, sinkRate: pacingRate(elapsed), now: elapsed)
    }

    /// The feeder waits, so the following settlements do not measure the sink's rate.
    mutating func pauseFeeding() { rate.notePause() }

    /// The sink's rate for pacing replays; nil without live subscriptions, since replays then delay nothing.
    private func pacingRate(_ elapsed: Duration) -> Double? { hasLive ? rate.recent(at: elapsed) : nil }

    /// A new attempt starts; the batches of its session are numbered from 0.
    mutating func beginSession() {
        inFlight = InFlight()
        reached = .nothing
        opened = nil
        unproved = DoubtWindow(bytes: doubt.bytes)
        (isReopening, burst) = (false, nil)
        rate.notePause()
        health.begin()
    }

    /// The session is open.
    mutating func noteConnection(at elapsed: Duration) {
        reached = .connection
        opened = elapsed
    }

    /// Notes a batch about to be sent.
    ///
    /// - Returns: its number; nil when it is stale and must not be sent.
    mutating func begin(_ batch: LaneBatch, at: Timestamp) -> Int? {
        guard schedule.isCurrent(batch), let first = batch.events.first, let last = batch.events.last else {
            return nil
        }
        if reached == .connection { reached = .sending }
        let attempt = attempts[batch.lane, default: Attempts()].send(first: first, last: last)
        let number = inFlight.begin(batch, attempts: attempt, at: at)
        rate.noteFed(batch: number)
        return number
    }

    /// The session has ended: batches in flight must be sent again.
    mutating func dropSession() {
        hold.forgetHead()
        drop()
    }

    /// The attempt has failed.
    ///
    /// - Returns: the pause before the next one.
    mutating func noteFailure(_ fault: SinkFault, elapsed: Duration, chance: Double) -> Duration {
        health.noteFailure(
            fault,
            reached: reached,
            inARow: suspicion.short,
            elapsed: elapsed,
            chance: chance
        )
    }

    /// Decides which settled batches are written, and whether the session must end.
    mutating func judge(_ batches: [SettledBatch], elapsed: Duration) -> SettleDecision {
        var lanes: [SettledLane] = []
        for batch in batches {
            switch inFlight.match(batch.batch) {
            case .head:
                let final = batch.runs.reduce(0) { $0 + ($1.outcome == .retry ? 0 : $1.count) }
                rate.noteSettled(batch: batch.batch, events: final, at: elapsed)
                guard let lane = inFlight.settle(batch) else { continue }
                lanes.append(lane)
                if lane.isByKernel, unproved.settle(upTo: lane.position, at: elapsed) {
                    suspicion.noteProof()
                }
            case .stale: continue
            case .outOfOrder:
                var decision = hold.judge(lanes, elapsed: elapsed)
                decision.fault = decision.fault ?? .outOfOrder(batch.batch)
                return decision
            }
        }
        return hold.judge(lanes, elapsed: elapsed)
    }

    /// When the session must be ended to prove what it has settled; nil if nothing is unproved, or if only
    /// the timer could require a proof and `reopen_after` is `never`; `isWanted` is true if a comparison
    /// requests a proof.
    ///
    /// Behind a load balancer without a working receiver, every connection ends cleanly when spool ends it.
    /// After connections that ended soon after their first lines, a connection is therefore kept open for
    /// longer than those lasted.
    func reopenDue(isWanted: Bool, at elapsed: Duration) -> Duration? {
        guard doubt.bytes > 0, let oldest = unproved.oldest else { return nil }
        let byTime = doubt.reopenAfter.map { oldest + suspicion.interval($0) }
        guard let due = isWanted ? elapsed : byTime else { return nil }
        guard suspicion.short > 0, let burst else { return due }
        return max(due, burst.began + Suspicion.soon)
    }

    /// True once after a reported suspicion was found to be unfounded, and the sink is not held.
    mutating func takeProof() -> Bool {
        guard isSuspected, suspicion.isProved, !hold.isOn else { return false }
        isSuspected = false
        return true
    }

    /// Notes how a connection that carried lines ended.
    mutating func noteEnd(_ end: Suspicion.End) {
        suspicion.noteEnd(end)
        if suspicion.text("") != nil { isSuspected = true }
    }

    /// Lines are about to be sent.
    mutating func noteSending(at elapsed: Duration) {
        let isNew = burst.map { elapsed - $0.last >= Suspicion.soon } ?? true
        burst = (isNew ? elapsed : burst?.began ?? elapsed, elapsed)
    }

    /// Classifies the end of the session's connection; nil when it carried no lines that need a proof.
    ///
    /// `isByUs` is true when spool ended the connection.
    func end(_ fault: SinkFault, isByUs: Bool, at elapsed: Duration) -> Suspicion.End? {
        guard doubt.bytes > 0, let burst, inFlight.hasBegun else { return nil }
        let isSoon = elapsed - burst.began < Suspicion.soon
        if isByUs {
            if fault.isUnclean { return isReopening ? .unclosed : .broken }
            // A stop: the other side might soon have ended this connection as well.
            return isSoon && suspicion.short > 0 ? .short : .proved
        }
        if reached == .settling, fault.kind == .unreachable, isSoon { return .short }
        return fault.isUnclean ? .broken : .proved
    }

    /// A batch was refused as a whole: it is sent again in halves, or its single event becomes a dead letter.
    mutating func judge(refused number: Int, _ refusal: Refusal, elapsed: Duration) -> SettleDecision {
        switch inFlight.match(number) {
        case .stale: return SettleDecision()
        case .outOfOrder: return SettleDecision(fault: .outOfOrder(number))
        case .head(count: 1):
            let run = OutcomeRun(count: 1, outcome: .refused(refusal))
            return judge([SettledBatch(batch: number, runs: [run], bytes: 0)], elapsed: elapsed)
        case .head(let count):
            size.shrink(count: count)
            return SettleDecision()
        }
    }

    /// Gives its outcome to an event that is not sent at all; no batch may be in flight.
    ///
    /// The receiver has not refused it, so it does not count towards a mass refusal.
    ///
    /// - Returns: nil when the batch is stale.
    mutating func bury(_ batch: LaneBatch, _ refusal: Refusal, at: Timestamp, elapsed: Duration)
        -> SettleDecision?
    {
        guard schedule.isCurrent(batch) else { return nil }
        var unsent = InFlight()
        let number = unsent.begin(batch, attempts: 0, at: at)
        let run = OutcomeRun(count: batch.events.count, outcome: .refused(refusal))
        guard let lane = unsent.settle(SettledBatch(batch: number, runs: [run], bytes: 0)) else { return nil }
        // While a sink is held, its head event waits for its outcome, and no later outcome may be written
        // first.
        return hold.isOn ? hold.judge([lane], elapsed: elapsed) : SettleDecision(lanes: [lane])
    }

    /// Outcomes of events that were not sent have been written; they do not affect the sink's health.
    mutating func applyUnsent(_ decision: SettleDecision) {
        for lane in decision.lanes {
            schedule.noteSettled(lane.lane, through: lane.through)
            attempts[lane.lane]?.settle(through: lane.through)
        }
    }

    /// Drops the batches after one that was refused as a whole, because the session will not settle them.
    ///
    /// To be called once the outcome of the refused batch is written.
    mutating func dropRefused() {
        drop()
        for lane in hold.waiting { schedule.skip(lane.lane, through: lane.through) }
    }

    /// Outcomes have been written.
    ///
    /// - Returns: true when the sink works again after a fault.
    mutating func apply(_ decision: SettleDecision) -> Bool {
        for lane in decision.lanes {
            schedule.noteSettled(lane.lane, through: lane.through)
            attempts[lane.lane]?.settle(through: lane.through)
            if !lane.hasRetry { size.grow() }
        }
        if decision.hasAnswers { reached = .settling }
        guard decision.hasAnswers, decision.fault == nil, !hold.isOn else { return false }
        let wasFaulty = health.failures > 0
        health.noteSuccess()
        return wasFaulty
    }

    private mutating func drop() {
        inFlight.dropAll()
        schedule.rewind()
    }
}

extension SinkFault {
    /// The fault of a session that violates its contract; it must not settle what it did not send.
    static func outOfOrder(_ batch: Int) -> SinkFault {
        SinkFault(
            .unreachable,
            isUnclean: true,
            "the sink session reported batch \(batch) out of order and was closed "
                + "(bug in spool, please report)"
        )
    }
}

/// A delivery loop's state, shared by the task that feeds a session and the one that settles.
final class StateBox: Sendable {
    private let state: Mutex<DeliveryState>
    /// Notified when something was settled, dropped or decided.
    let changed = ChangeSignal()

    init(_ state: DeliveryState) { self.state = Mutex(state) }

    func withLock<Result: Sendable>(_ body: (inout DeliveryState) -> Result) -> Result {
        state.withLock { body(&$0) }
    }
}

/// The maximum number of events in the next batch.
///
/// It is halved when a whole batch is refused, until the rejected event is alone in its batch, and doubled
/// again with each batch that is settled.
package struct BatchSize: Sendable, Equatable {
    private let full: BatchLimit
    private var events: Int

    package init(_ limit: BatchLimit) {
        full = limit
        events = limit.events
    }

    package var limit: BatchLimit { BatchLimit(events: events, bytes: full.bytes) }

    /// A batch of `count` events was refused as a whole.
    package mutating func shrink(count: Int) { events = max(1, count / 2) }

    /// A batch was settled.
    package mutating func grow() { events = min(full.events, events * 2) }
}
