import SpoolCore
import Testing

@testable import SpoolPipeline

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
        attempts.settled(through: Seq(10))

        #expect(attempts == Attempts())
        #expect(send(11, 20) == 1)
    }
}
