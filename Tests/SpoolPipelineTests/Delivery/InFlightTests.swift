import SpoolCore
import Testing

@testable import SpoolPipeline

@Suite("Batches in flight")
struct InFlightTests {
    var inFlight = InFlight()

    private mutating func begin(_ seqs: [Int64]) -> Int {
        inFlight.begin(Sample.laneBatch(seqs), attempts: 1, at: Sample.now)
    }

    @Test("are numbered from 0 within a session, over all lanes")
    mutating func numbers() {
        let first = begin([1])
        let second = inFlight.begin(Sample.laneBatch([9], lane: 2), attempts: 1, at: Sample.now)

        #expect([first, second] == [0, 1])
        #expect(inFlight.batches == 2 && inFlight.events == 2)
    }

    @Test("settle only in order, starting with the oldest")
    mutating func order() {
        _ = begin([1])
        _ = begin([2, 3])

        #expect(inFlight.match(1) == .outOfOrder)
        let early = inFlight.settle(SettledBatch(batch: 1, runs: [.delivered(2)], bytes: 0))
        #expect(early == nil)
        let first = inFlight.settle(SettledBatch(batch: 0, runs: [.delivered(1)], bytes: 0))
        #expect(first?.through == Seq(1))
        #expect(inFlight.match(1) == .head(count: 2))
    }

    @Test("dropped batches stay stale forever, and numbering continues")
    mutating func stale() {
        _ = begin([1])
        _ = begin([2])
        inFlight.dropAll()
        let next = begin([1])

        #expect(next == 2)
        #expect(inFlight.match(0) == .stale && inFlight.match(1) == .stale)
        #expect(inFlight.match(2) == .head(count: 1))
        #expect(inFlight.match(3) == .outOfOrder && inFlight.match(-1) == .outOfOrder)
    }

    @Test("a settled lane keeps the breaks of its batch")
    func breaks() {
        let batch = Sample.laneBatch([1, 2, 5, 6, 9], breaks: [2, 4])
        let lane = Sample.settled(batch, [.delivered(5)], bytes: 100)

        #expect(lane.runs.map(\.first) == [1, 5, 9].map { Seq($0) })
        #expect(lane.runs.map(\.last) == [2, 6, 9].map { Seq($0) })
        #expect(lane.runs.map(\.events) == [2, 2, 1])
        #expect(lane.runs.map(\.bytes).reduce(0, +) == 100)
        #expect(lane.through == Seq(9))
    }

    @Test(
        "the watermark stops before the first event to be sent again",
        arguments: [
            ([OutcomeRun.retry(4)], 0, 9), ([.delivered(1), .retry(1), .delivered(2)], 1, 11),
            ([.delivered(2), .refused(1), .retry(1)], 3, 19), ([.delivered(3)], 3, 19),
        ] as [([OutcomeRun], Int, Int64)]
    )
    func retry(runs: [OutcomeRun], events: Int, through: Int64) {
        let lane = Sample.settled([10, 12, 15, 20], runs)

        #expect(lane.hasRetry)
        #expect(lane.runs.reduce(0) { $0 + $1.events } == events)
        #expect(lane.through == Seq(through))
    }

    @Test("surplus outcomes are ignored")
    func tooMany() {
        let lane = Sample.settled([10, 12], [.delivered(0), .delivered(7), .refused(3), .retry(2)])

        #expect(!lane.hasRetry)
        #expect(lane.runs.map(\.events) == [2])
    }
}

@Suite("Attempt counts")
struct AttemptsTests {
    var attempts = Attempts()

    private mutating func send(_ first: Int64, _ last: Int64) -> Int {
        attempts.send(first: Seq(first), last: Seq(last))
    }

    @Test("counts how often each event was sent, in whatever batches")
    mutating func counts() {
        let first = [send(1, 10), send(11, 20)]
        let again = [send(1, 10), send(11, 20), send(21, 30)]
        let halves = [send(1, 5), send(6, 10), send(11, 30)]

        #expect(first == [1, 1])
        #expect(again == [2, 2, 1])
        #expect(halves == [3, 3, 3])
    }

    @Test("starts over after settled events, and forgets them")
    mutating func settled() {
        _ = send(1, 10)
        _ = send(1, 10)
        attempts.settle(through: Seq(10))

        #expect(attempts == Attempts())
        #expect(send(11, 20) == 1)
    }
}
