import SpoolCore
import Testing

@testable import SpoolPipeline

@Suite("Replay pace")
struct ReplayPaceTests {
    private var pace = ReplayPace()

    /// The number of events sent within a time by a replay that never runs out, in batches of at most
    /// `batch`.
    private mutating func sent(_ replay: Int64, within end: Duration, sinkRate: Double?, batch: Int = 1_000)
        -> Int
    {
        var (now, count) = (Duration.zero, 0)
        while now < end {
            switch pace.turn(of: ReplayID(replay), sinkRate: sinkRate, now: now) {
            case .wait(let until): now = until
            case .send(let most):
                let events = min(batch, most ?? batch)
                pace.noteTaken(ReplayID(replay), events: events, sinkRate: sinkRate, now: now)
                count += events
                // The sink accepts each batch within a millisecond.
                now += .milliseconds(1)
            }
        }
        return count
    }

    @Test(
        "a configured rate is exceeded by at most one second's worth, whatever the sink's rate",
        arguments: [1, 7, 50, 900]
    )
    mutating func own(rate: Int) {
        pace.set([Sample.replay(1, last: [9], rate: rate)])

        let sent = sent(1, within: .seconds(60), sinkRate: 100)

        #expect(sent <= 61 * rate)
        #expect(sent >= 59 * rate)
    }

    @Test("without a configured rate a replay gets half of the sink's rate")
    mutating func half() {
        pace.set([Sample.replay(1, last: [9])])

        let sent = sent(1, within: .seconds(100), sinkRate: 300)

        #expect((14_850...15_150).contains(sent))
    }

    @Test("replays without a configured rate share the half; one with a configured rate is not counted")
    mutating func shared() {
        pace.set([
            Sample.replay(1, last: [9]), Sample.replay(2, last: [9]), Sample.replay(3, last: [9], rate: 5),
        ])
        pace.noteTaken(ReplayID(1), events: 100, sinkRate: 200, now: .zero)

        let second = pace.turn(of: ReplayID(2), sinkRate: 200, now: .milliseconds(500))
        let third = pace.turn(of: ReplayID(3), sinkRate: 200, now: .milliseconds(500))

        #expect(second == .wait(until: .seconds(1)))
        #expect(third == .send(most: 5))
    }

    @Test("before a measurement a replay is not limited")
    mutating func unknown() {
        pace.set([Sample.replay(1, last: [9])])
        pace.noteTaken(ReplayID(1), events: 100_000, sinkRate: nil, now: .zero)

        #expect(pace.turn(of: ReplayID(1), sinkRate: nil, now: .zero) == .send(most: nil))
    }

    @Test("idle time gives no credit: after an idle hour it does not send an hour's worth")
    mutating func noCredit() {
        pace.set([Sample.replay(1, last: [9], rate: 10)])
        pace.noteTaken(ReplayID(1), events: 10, sinkRate: nil, now: .zero)
        pace.noteTaken(ReplayID(1), events: 10, sinkRate: nil, now: .seconds(3_600))

        #expect(
            pace.turn(of: ReplayID(1), sinkRate: nil, now: .seconds(3_600)) == .wait(until: .seconds(3_601))
        )
    }
}
