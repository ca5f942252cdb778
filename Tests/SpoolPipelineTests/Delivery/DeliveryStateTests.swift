import SpoolCore
import Testing

@testable import SpoolPipeline

@Suite("Delivery state")
struct DeliveryStateTests {
    var state = DeliveryState(limit: BatchLimit(events: 4))

    init() {
        state.set([Sample.subscription(1)], [], elapsed: .zero)
        state.beginSession()
        state.noteConnection(at: .zero)
    }

    /// Reads and starts a batch of the live lane.
    private mutating func begin(_ seqs: [Int64]) -> Int? {
        guard let reading = state.schedule.reading(of: Sample.lane(1)), let last = seqs.last else {
            return nil
        }
        let batch = LaneBatch(
            lane: reading.lane,
            events: Sample.batch(seqs),
            through: Seq(last),
            epoch: reading.epoch
        )
        _ = state.schedule.noteTaken(reading, through: Seq(last))
        return state.begin(batch, at: Sample.now)
    }

    private mutating func settle(_ number: Int, _ runs: [OutcomeRun]) -> SettleDecision {
        let decision = state.judge([SettledBatch(batch: number, runs: runs, bytes: 0)], elapsed: .zero)
        _ = state.apply(decision)
        return decision
    }

    private var refusal: Refusal { Refusal(reason: "rejected", detail: "400") }

    @Test("a refusal of a dropped batch does not affect the current head")
    mutating func staleRefusal() {
        let first = begin([1, 2])
        state.dropSession()
        let second = begin([1])
        let decision = state.judge(refused: 0, refusal, elapsed: .zero)

        #expect(first == 0 && second == 1)
        #expect(!decision.hasOutcomes && decision.fault == nil)
        #expect(state.inFlight.batches == 1)
    }

    @Test("a session that settles out of order is ended, and nothing of it is written")
    mutating func outOfTurn() {
        _ = begin([1])
        _ = begin([2])
        let decision = settle(1, [.delivered(1)])

        #expect(!decision.hasOutcomes)
        #expect(decision.fault?.isUnclean == true)
    }

    @Test(
        "a requested proof is due immediately; after short connections only once the connection has lasted longer"
    )
    mutating func proofAfterShort() {
        state = DeliveryState(
            limit: BatchLimit(events: 4),
            doubt: KernelDoubt(bytes: 1_000, reopenAfter: .minutes(5))
        )
        state.set([Sample.subscription(1)], [], elapsed: .zero)
        state.beginSession()
        state.noteConnection(at: .zero)
        state.noteSending(at: .seconds(1))
        _ = begin([1]).map { settle($0, [OutcomeRun(count: 1, outcome: .delivered(.kernel))]) }
        let usual = state.reopenDue(isWanted: true, at: .seconds(2))
        state.noteEnd(.short)

        #expect(usual == .seconds(2))
        #expect(state.reopenDue(isWanted: true, at: .seconds(2)) == .seconds(11))
        #expect(state.reopenDue(isWanted: true, at: .seconds(20)) == .seconds(20))
        #expect(state.reopenDue(isWanted: false, at: .seconds(2)) == .minutes(5))
    }

    @Test(
        "a batch refused as a whole is sent again in halves, and its single bad event becomes a dead letter"
    )
    mutating func bisects() {
        _ = begin([1, 2, 3, 4])
        _ = state.judge(refused: 0, refusal, elapsed: .zero)
        state.dropRefused()
        #expect(state.limit.events == 2)
        _ = begin([1, 2])
        _ = state.judge(refused: 1, refusal, elapsed: .zero)
        state.dropRefused()
        #expect(state.limit.events == 1)
        _ = begin([1])
        let decision = state.judge(refused: 2, refusal, elapsed: .zero)
        _ = state.apply(decision)
        state.dropRefused()

        #expect(decision.lanes.map(\.isRefused) == [true])
        #expect(decision.lanes.first?.attempts == 3)
        #expect(state.schedule.reading(of: Sample.lane(1))?.after == Seq(1))
        #expect(state.limit.events == 2)
    }

    @Test("a held head that is refused as a whole is skipped until a later event is settled")
    mutating func heldHead() {
        for seq in Int64(1)...20 {
            guard let number = begin([seq]) else { continue }
            if settle(number, [.refused(1)]).fault != nil { state.dropSession() }
        }
        #expect(state.hold.isOn)
        #expect(state.limit.events == 1)
        state.beginSession()
        let after = state.schedule.reading(of: Sample.lane(1))?.after.value ?? 0
        let head = begin([after + 1]) ?? -1
        _ = state.apply(state.judge(refused: head, refusal, elapsed: .zero))
        state.dropRefused()

        #expect(state.lacksLaterProbe)
        #expect(state.schedule.reading(of: Sample.lane(1))?.after.value == after + 1)
        state.dropSession()
        #expect(state.schedule.reading(of: Sample.lane(1))?.after.value == after)
    }

    @Test("after a failure the next session sends only the head batch until it is settled")
    mutating func probe() {
        _ = state.noteFailure(SinkFault(.unreachable, "x"), elapsed: .zero, chance: 0)
        state.beginSession()
        #expect(state.hasRoom)
        let head = begin([1]) ?? -1
        #expect(!state.hasRoom)
        let isWellAgain = state.apply(
            state.judge([SettledBatch(batch: head, runs: [.delivered(1)], bytes: 0)], elapsed: .zero)
        )

        #expect(isWellAgain)
        #expect(state.hasRoom)
        _ = begin([2])
        #expect(state.hasRoom)
    }

    @Test("an event to be sent again ends the session after the events before it are written")
    mutating func retry() {
        let number = begin([1, 2, 3]) ?? -1
        let decision = settle(number, [.delivered(1), .retry(1), .delivered(1)])
        state.dropSession()

        #expect(decision.fault == .askedToRetry)
        #expect(state.reached == .settling)
        #expect(state.schedule.reading(of: Sample.lane(1))?.after == Seq(1))
    }
}
