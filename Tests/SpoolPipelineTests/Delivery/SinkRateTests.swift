import SpoolCore
import Testing

@testable import SpoolPipeline

@Suite("Sink rate")
struct SinkRateTests {
    private var rate = SinkRate()

    /// Settles batches of 100 events at intervals of `every`, the first at `start`.
    private mutating func settle(_ batches: Range<Int>, from start: Duration, every: Duration) {
        for (index, number) in batches.enumerated() {
            rate.noteSettled(batch: number, events: 100, at: start + every * index)
        }
    }

    @Test("is measured between two settlements three seconds apart while the sink is fed without a pause")
    mutating func steady() {
        for number in 0..<40 { rate.noteFed(batch: number) }
        settle(0..<30, from: .seconds(5), every: .milliseconds(100))
        let early = rate.recent(at: .seconds(8))
        settle(30..<40, from: .seconds(8), every: .milliseconds(100))

        #expect(early == nil)
        #expect(rate.recent(at: .seconds(9)) == 1_000)
    }

    @Test("is not measured for a sink that is sent little")
    mutating func trickle() {
        for number in 0..<60 {
            rate.noteFed(batch: number)
            rate.notePause()
            rate.noteSettled(batch: number, events: 1, at: .seconds(number))
        }

        #expect(rate.recent(at: .seconds(60)) == nil)
    }

    @Test("ignores batches from before the stretch, so neither low load nor a grace period lowers it")
    mutating func stretchBegins() {
        rate.noteFed(batch: 0)
        rate.notePause()
        for number in 1..<100 { rate.noteFed(batch: number) }
        rate.noteSettled(batch: 0, events: 1, at: .seconds(1))
        settle(1..<100, from: .seconds(5), every: .milliseconds(50))

        #expect(rate.recent(at: .seconds(10)) == 2_000)
    }

    @Test("is the highest of ten minutes; a slower stretch does not lower it earlier")
    mutating func greatest() {
        for number in 0..<100 { rate.noteFed(batch: number) }
        settle(0..<32, from: .zero, every: .milliseconds(100))
        settle(32..<42, from: .seconds(4), every: .seconds(1))

        #expect(rate.recent(at: .minutes(9)) == 1_000)
        #expect(rate.recent(at: .seconds(604)).map { $0 < 1_000 } == true)
        #expect(rate.recent(at: .minutes(11)) == nil)
    }

    @Test("a rate of an earlier run is valid for ten minutes, or until this run has measured one")
    mutating func recalled() {
        rate.recall(500, at: .seconds(1))
        let recalled = rate.recent(at: .seconds(2))
        let old = rate.recent(at: .minutes(11))
        for number in 0..<40 { rate.noteFed(batch: number) }
        settle(0..<40, from: .seconds(3), every: .milliseconds(100))

        #expect(recalled == 500)
        #expect(old == nil)
        #expect(rate.recent(at: .seconds(8)) == 1_000)
    }
}
