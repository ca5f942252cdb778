import SpoolCore
import Testing

@testable import SpoolSinks

struct TailTests {
    private let start = ContinuousClock.now

    private func tail(_ ends: [Int], grace: Duration = .seconds(2), readAhead: Int = 1_000) -> UnsettledWindow
    {
        var tail = UnsettledWindow(grace: grace, readAhead: readAhead)
        for (number, end) in ends.enumerated() {
            let bytes = end - (number == 0 ? 0 : ends[number - 1])
            let runs = [OutcomeRun(count: 1, outcome: .delivered(.kernel))]
            tail.wrote(SettledBatch(batch: number, runs: runs, bytes: bytes), end: end)
        }
        return tail
    }

    @Test("bytes that the kernel has not acknowledged never settle, however long they wait")
    func unacknowledged() {
        var tail = tail([100])

        let settled = tail.observe(acknowledged: 99, at: start + .seconds(86_400))

        #expect(settled.isEmpty)
        #expect(tail.awaitsAcknowledgement && tail.nextDue == nil)
    }

    @Test("acknowledged bytes settle when the grace period has passed since, and not before")
    func grace() {
        var tail = tail([100, 200])

        #expect(tail.observe(acknowledged: 100, at: start).isEmpty)
        #expect(tail.nextDue == start + .seconds(2))
        #expect(tail.observe(acknowledged: 200, at: start + .milliseconds(1_999)).isEmpty)
        #expect(tail.observe(acknowledged: 200, at: start + .seconds(2)).map(\.batch) == [0])
        #expect(tail.observe(acknowledged: 200, at: start + .milliseconds(3_998)).isEmpty)
        #expect(tail.observe(acknowledged: 200, at: start + .milliseconds(3_999)).map(\.batch) == [1])
        #expect(tail.isEmpty && tail.bytes == 0)
    }

    @Test("bytes further back than a receive buffer settle without waiting")
    func readAhead() {
        var tail = tail([100, 1_000, 1_100, 1_101])

        let settled = tail.observe(acknowledged: 1_101, at: start)

        #expect(settled.map(\.batch) == [0])
        #expect(tail.bytes == 1_001)
    }

    @Test("an acknowledgement in the middle of a batch settles only earlier batches")
    func partial() {
        var tail = tail([100, 200, 300])

        _ = tail.observe(acknowledged: 250, at: start)

        #expect(tail.observe(acknowledged: 250, at: start + .seconds(2)).map(\.batch) == [0, 1])
        #expect(tail.awaitsAcknowledgement)
    }

    @Test("after the peer's end with an empty queue everything settles, in order")
    func concluded() {
        var tail = tail([100, 200, 300])

        #expect(tail.concluded().map(\.batch) == [0, 1, 2])
        #expect(tail.isEmpty && tail.bytes == 0)
    }

    @Test("a batch without bytes settles in order, not before the previous one")
    func empty() {
        var tail = tail([100, 100, 200])

        #expect(tail.observe(acknowledged: 50, at: start).isEmpty)
        _ = tail.observe(acknowledged: 100, at: start)
        #expect(tail.observe(acknowledged: 100, at: start + .seconds(2)).map(\.batch) == [0, 1])
    }
}
