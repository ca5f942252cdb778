import SpoolCore
import SpoolPipeline
import Testing

@Suite("Which time of a source is believed")
struct SourceClockTests {
    /// An answer; all but `at` are told by how far they lie ahead of the true time.
    struct Answer {
        let at: Duration
        var date = Duration.zero
        var wall = Duration.zero
        let taken: Duration

        init(_ at: Duration, date: Duration = .zero, wall: Duration = .zero, taken: Duration) {
            (self.at, self.date, self.wall, self.taken) = (at, date, wall, taken)
        }
    }

    struct Case: CustomTestStringConvertible {
        let name: String
        let answers: [Answer]

        init(_ name: String, _ answers: [Answer]) { (self.name, self.answers) = (name, answers) }

        var testDescription: String { name }
    }

    /// The same wrong date every ten minutes.
    private static func claims(_ minutes: ClosedRange<Int>, _ date: Duration, taken: Duration) -> [Answer] {
        stride(from: minutes.lowerBound, through: minutes.upperBound, by: 10)
            .map { Answer(.minutes($0), date: date, taken: taken) }
    }

    static let cases = [
        Case("a right date", [Answer(.zero, taken: .zero), Answer(.minutes(1), taken: .zero)]),
        Case(
            "a first date a few minutes ahead of the local clock",
            [Answer(.zero, date: .minutes(4), taken: .minutes(4))]
        ),
        Case(
            "a first date of next week, then a right one",
            [Answer(.zero, date: .days(8), taken: .zero), Answer(.seconds(15), taken: .zero)]
        ),
        Case(
            "some dates of next week among right ones",
            [
                Answer(.zero, taken: .zero), Answer(.seconds(15), date: .days(8), taken: .zero),
                Answer(.seconds(30), date: .days(8), taken: .zero), Answer(.seconds(45), taken: .zero),
            ]
        ),
        Case(
            "two hours ahead is believed once it was said for an hour",
            [Answer(.zero, taken: .zero)] + claims(10...60, .hours(2), taken: .zero)
                + [Answer(.minutes(70), date: .hours(2), taken: .hours(2))]
        ),
        Case(
            "and not before, if something else was said between",
            [Answer(.zero, taken: .zero)] + claims(10...50, .hours(2), taken: .zero)
                + [Answer(.minutes(60), taken: .zero)] + claims(70...120, .hours(2), taken: .zero)
        ),
        Case(
            "nor if nothing was said for long",
            [
                Answer(.zero, date: .hours(2), taken: .zero),
                Answer(.hours(2), date: .hours(2), taken: .zero),
            ]
        ),
        Case("more than a day ahead never is", claims(0...600, .hours(25), taken: .zero)),
        Case(
            "a local clock two hours slow costs an hour",
            stride(from: 0, to: 60, by: 10)
                .map { Answer(.minutes($0), wall: .hours(-2), taken: .hours(-2)) }
                + [
                    Answer(.minutes(60), wall: .hours(-2), taken: .zero),
                    Answer(.minutes(61), wall: .hours(-2), taken: .zero),
                ]
        ),
        Case(
            "a local clock hours fast costs nothing",
            [
                Answer(.zero, wall: .hours(3), taken: .zero),
                Answer(.minutes(1), wall: .hours(3), taken: .zero),
            ]
        ),
        Case(
            "a machine that was suspended, with its monotonic clock",
            [
                Answer(.zero, taken: .zero),
                Answer(.minutes(1), date: .hours(8), wall: .hours(8), taken: .hours(8)),
            ]
        ),
        Case(
            "a date that lies behind is believed, and the way back is open",
            [
                Answer(.zero, taken: .zero), Answer(.seconds(15), date: .hours(-3), taken: .hours(-3)),
                Answer(.seconds(30), taken: .zero),
            ]
        ),
        Case(
            "a local clock set back changes nothing while the source goes on evenly",
            [
                Answer(.zero, taken: .zero),
                Answer(.minutes(1), date: .seconds(90), wall: .minutes(-10), taken: .seconds(90)),
                Answer(.minutes(2), date: .minutes(5), wall: .minutes(-10), taken: .seconds(90)),
                Answer(.minutes(3), date: .seconds(90), wall: .days(-3), taken: .seconds(90)),
            ]
        ),
    ]

    @Test("whatever is not believed is replaced by an earlier time", arguments: cases)
    func takes(testCase: Case) {
        var clock = SourceClock()
        for answer in testCase.answers {
            let truth = Sample.now + answer.at
            let taken = clock.hear(truth + answer.date, wall: truth + answer.wall, elapsed: answer.at)

            #expect(taken.since(truth) == answer.taken, "at \(answer.at)")
            #expect(taken <= truth + answer.date)
        }
    }

    @Test("a doubt is told as long as it lasts, in the same words, and ends with a date that is believed")
    func doubts() throws {
        var clock = SourceClock()
        _ = clock.hear(Sample.now, wall: Sample.now, elapsed: .zero)
        #expect(clock.doubt == nil)

        _ = clock.hear(Sample.now + .days(8), wall: Sample.now, elapsed: .zero)
        let first = try #require(clock.doubt)
        _ = clock.hear(Sample.now + .days(9), wall: Sample.now, elapsed: .zero)

        #expect(clock.doubt == first)
        #expect(first.description.contains("8d ahead of this machine's clock"))
        _ = clock.hear(Sample.now, wall: Sample.now, elapsed: .zero)
        #expect(clock.doubt == nil)
    }
}
