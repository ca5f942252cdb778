import SpoolCore
import Testing

@testable import SpoolPipeline

@Suite("Refusal hold")
struct RefusalHoldTests {
    var hold = RefusalHold()

    /// A sink that was just held because it refused events 1 to 30.
    private mutating func beginHold() {
        _ = hold.judge([Sample.settled(Array(1...30), [.refused(30)])], elapsed: .zero)
    }

    private func single(_ seq: Int64, _ run: OutcomeRun, lane: Int64 = 1) -> SettledLane {
        Sample.settled([seq], [run], lane: lane)
    }

    @Test("below the threshold a refused event is written as refused")
    mutating func below() {
        let decision = hold.judge(
            [Sample.settled([1, 2, 3], [.delivered(1), .refused(1), .delivered(1)])],
            elapsed: .zero
        )

        #expect(decision.fault == nil)
        #expect(decision.lanes.first?.runs.count == 3)
        #expect(!hold.isOn)
    }

    @Test("a mass refusal holds the sink; outcomes before it are written, but no refusal is")
    mutating func mass() {
        let settled = Sample.settled(Array(1...40), [.delivered(10), .refused(30)])
        let decision = hold.judge([settled, single(41, .delivered(1))], elapsed: .zero)

        #expect(hold.isOn)
        #expect(decision.fault == .massRefusal)
        #expect(decision.lanes.map(\.through) == [Seq(10)])
        #expect(decision.lanes.flatMap(\.runs).map(\.events) == [10])
    }

    @Test("an accepted head ends the hold")
    mutating func headAccepted() {
        beginHold()
        let decision = hold.judge([single(1, .delivered(1))], elapsed: .zero)

        #expect(decision.fault == nil)
        #expect(decision.hasOutcomes)
        #expect(!hold.isOn)
    }

    @Test("when the head is refused and a later event accepted, the head's refusal is written first")
    mutating func laterAccepted() {
        beginHold()
        let first = hold.judge([single(1, .refused(1))], elapsed: .zero)
        #expect(!first.hasOutcomes && first.fault == nil && hold.waitsForLater)
        let second = hold.judge([single(2, .delivered(1))], elapsed: .zero)

        #expect(second.lanes.map(\.through) == [Seq(1), Seq(2)])
        #expect(second.lanes.map(\.isRefused) == [true, false])
        #expect(second.fault == nil)
        #expect(!hold.isOn)
    }

    @Test("when both are refused, nothing is written and the sink stays held")
    mutating func bothRefused() {
        beginHold()
        let decision = hold.judge([single(1, .refused(1)), single(2, .refused(1))], elapsed: .zero)

        #expect(!decision.hasOutcomes)
        #expect(decision.fault == .massRefusal)
        #expect(hold.isOn && !hold.waitsForLater)
    }

    @Test("a filtered event after the refused head is not a probe, and is written after it")
    mutating func filteredBetween() {
        beginHold()
        _ = hold.judge([single(1, .refused(1)), single(2, .filtered(1))], elapsed: .zero)
        #expect(hold.hasRoom(underWay: 0))
        let decision = hold.judge([single(3, .delivered(1))], elapsed: .zero)

        #expect(decision.lanes.map(\.through) == [Seq(1), Seq(2), Seq(3)])
        #expect(!hold.isOn)
    }

    @Test("a filtered head is written and proves nothing")
    mutating func filteredHead() {
        beginHold()
        let decision = hold.judge([single(1, .filtered(1))], elapsed: .zero)

        #expect(decision.hasOutcomes)
        #expect(hold.isOn)
    }

    @Test("a later event to be sent again leaves the head's refusal unwritten")
    mutating func laterRetry() {
        beginHold()
        let decision = hold.judge([single(1, .refused(1)), single(2, .retry(1))], elapsed: .zero)

        #expect(!decision.hasOutcomes)
        #expect(decision.fault == .askedToRetry)
        #expect(hold.isOn && !hold.waitsForLater)
    }

    @Test("at most two probes may be in flight")
    mutating func room() {
        beginHold()
        #expect(hold.hasRoom(underWay: 0) && hold.hasRoom(underWay: 1) && !hold.hasRoom(underWay: 2))
        _ = hold.judge([single(1, .refused(1))], elapsed: .zero)

        #expect(hold.hasRoom(underWay: 0) && !hold.hasRoom(underWay: 1))
    }

    @Test("events that were not sent are written, however many, since the receiver has not refused them")
    mutating func unsent() {
        let decision = hold.judge(
            [Sample.settled(Array(1...400), [.unsent(399), .delivered(1)])],
            elapsed: .zero
        )

        #expect(!hold.isOn && decision.fault == nil)
        #expect(decision.lanes.flatMap(\.runs).map(\.events) == [399, 1])
        #expect(decision.hasAnswers)
    }

    @Test("events that were not sent neither weaken nor end a hold")
    mutating func unsentWhileHeld() {
        beginHold()
        let head = hold.judge([single(1, .unsent(1))], elapsed: .zero)
        #expect(head.hasOutcomes && !head.hasAnswers && hold.isOn && !hold.waitsForLater)

        _ = hold.judge([single(2, .refused(1)), single(3, .unsent(1))], elapsed: .zero)
        #expect(hold.hasRoom(underWay: 0))
        let decision = hold.judge([single(4, .delivered(1))], elapsed: .zero)

        #expect(decision.lanes.map(\.through) == [Seq(2), Seq(3), Seq(4)])
        #expect(!hold.isOn)
    }

    @Test(
        "a mass refusal between events that were not sent holds the sink before the first refusal"
    )
    mutating func unsentBeforeMass() {
        let decision = hold.judge(
            [Sample.settled(Array(1...40), [.unsent(5), .refused(30), .unsent(5)])],
            elapsed: .zero
        )

        #expect(hold.isOn)
        #expect(decision.lanes.flatMap(\.runs).map(\.events) == [5])
    }
}

@Suite("Refusal meter")
struct RefusalMeterTests {
    var meter = RefusalMeter()

    @Test("one bad event among good ones is not a mass refusal")
    mutating func single() {
        meter.note(refused: false, count: 49, elapsed: .zero)
        meter.note(refused: true, count: 1, elapsed: .zero)

        #expect(!meter.isMass(elapsed: .zero))
    }

    @Test(
        "twenty refusals that are more than half of the last fifty outcomes are a mass refusal",
        arguments: [
            (19, 0, false), (20, 0, true), (20, 20, false), (21, 20, true), (25, 25, false), (26, 24, true),
        ]
    )
    func twenty(refused: Int, accepted: Int, isMass: Bool) {
        var meter = RefusalMeter()
        meter.note(refused: false, count: accepted, elapsed: .zero)
        meter.note(refused: true, count: refused, elapsed: .zero)

        #expect(meter.isMass(elapsed: .zero) == isMass)
    }

    @Test("more than a hundred dead letters in five minutes are a mass refusal, whatever else is accepted")
    mutating func deadLetters() {
        for second in 0..<101 {
            meter.note(refused: true, count: 1, elapsed: .seconds(second))
            meter.note(refused: false, count: 50, elapsed: .seconds(second))
        }

        #expect(meter.isMass(elapsed: .seconds(100)))
        #expect(!meter.isMass(elapsed: .seconds(301)))
    }

    @Test("a hundred dead letters spread over more than five minutes are not a mass refusal")
    mutating func slowly() {
        for letter in 0..<500 {
            meter.note(refused: true, count: 1, elapsed: .seconds(letter * 4))
            meter.note(refused: false, count: 50, elapsed: .seconds(letter * 4))
            #expect(!meter.isMass(elapsed: .seconds(letter * 4)))
        }
    }
}
