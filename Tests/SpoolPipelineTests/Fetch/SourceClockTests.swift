import SpoolCore
import SpoolPipeline
import Testing

@Suite("Accepted time of a source")
struct SourceClockTests {
    /// An answer; all values except `at` are relative to the true time.
    struct Answer {
        let at: Duration
        var date = Duration.zero
        var wall = Duration.zero
        /// The times at which its records were saved.
        var saved: [Duration] = []
        let taken: Duration

        init(
            _ at: Duration,
            date: Duration = .zero,
            wall: Duration = .zero,
            saved: [Duration] = [],
            taken: Duration
        ) {
            (self.at, self.date, self.wall, self.saved, self.taken) = (at, date, wall, saved, taken)
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
        Case("a correct date", [Answer(.zero, taken: .zero), Answer(.minutes(1), taken: .zero)]),
        Case(
            "a date a few minutes ahead of the local clock",
            [Answer(.zero, date: .minutes(4), taken: .zero)]
        ),
        Case(
            "a first date of next week, then a correct one",
            [Answer(.zero, date: .days(8), taken: .zero), Answer(.seconds(15), taken: .zero)]
        ),
        Case(
            "some dates of next week among correct ones",
            [
                Answer(.zero, taken: .zero), Answer(.seconds(15), date: .days(8), taken: .zero),
                Answer(.seconds(30), date: .days(8), taken: .zero), Answer(.seconds(45), taken: .zero),
            ]
        ),
        Case(
            "two hours ahead, however long and constantly",
            [Answer(.zero, taken: .zero)] + claims(10...600, .hours(2), taken: .zero)
        ),
        Case("more than a day ahead", claims(0...600, .hours(25), taken: .zero)),
        Case(
            "a local clock two years behind: three records prove the time, and it advances from there",
            [
                Answer(.zero, wall: .days(-730), taken: .days(-730)),
                Answer(
                    .minutes(1),
                    wall: .days(-730),
                    saved: [.seconds(-5), .seconds(-9), .hours(-1), .days(-300)],
                    taken: .hours(-1)
                ),
                Answer(.minutes(30), wall: .days(-730), taken: .hours(-1)),
                Answer(.hours(2), wall: .days(-730), saved: [.seconds(-1)], taken: .seconds(-9)),
            ]
        ),
        Case(
            "one or two records are no proof, and a repeated one does not count as a third",
            [
                Answer(.zero, wall: .hours(-2), saved: [.seconds(-1), .seconds(-2)], taken: .hours(-2)),
                Answer(.zero, wall: .hours(-2), saved: [.seconds(-1), .seconds(-2)], taken: .hours(-2)),
            ]
        ),
        Case(
            "records after the date itself prove nothing",
            [
                Answer(
                    .zero,
                    wall: .hours(-2),
                    saved: [.days(1), .days(2), .days(3), .days(4)],
                    taken: .hours(-2)
                )
            ]
        ),
        Case(
            "a wrong date that no records confirm",
            [Answer(.zero, date: .days(730), saved: [.zero, .seconds(-1), .seconds(-2)], taken: .zero)]
        ),
        Case(
            "a local clock hours ahead has no effect",
            [
                Answer(.zero, wall: .hours(3), taken: .zero),
                Answer(.minutes(1), wall: .hours(3), taken: .zero),
            ]
        ),
        Case(
            "a machine that was suspended together with its monotonic clock",
            [
                Answer(.zero, taken: .zero),
                Answer(.minutes(1), date: .hours(8), wall: .hours(8), taken: .hours(8)),
            ]
        ),
        Case(
            "a date in the past is accepted, and so is the return from it",
            [
                Answer(.zero, taken: .zero), Answer(.seconds(15), date: .hours(-3), taken: .hours(-3)),
                Answer(.seconds(30), taken: .zero),
            ]
        ),
        Case(
            "a local clock set back has no effect: the last accepted time advances",
            [
                Answer(.zero, taken: .zero),
                Answer(.minutes(1), wall: .minutes(-10), taken: .zero),
                Answer(.minutes(2), date: .minutes(5), wall: .minutes(-10), taken: .zero),
                Answer(.minutes(3), wall: .days(-3), taken: .zero),
            ]
        ),
        Case(
            "both clocks years ahead, then correct",
            [
                Answer(.zero, date: .days(730), wall: .days(730), taken: .days(730)),
                Answer(.minutes(1), taken: .zero), Answer(.minutes(2), date: .hours(1), taken: .zero),
            ]
        ),
    ]

    @Test("a time that is not accepted is replaced by an earlier one", arguments: cases)
    func takes(testCase: Case) {
        var clock = SourceClock()
        for answer in testCase.answers {
            let truth = Sample.now + answer.at
            let taken = clock.hear(
                truth + answer.date,
                saved: answer.saved.map { truth + $0 },
                wall: truth + answer.wall,
                elapsed: answer.at
            )

            #expect(taken.since(truth) == answer.taken, "at \(answer.at)")
            #expect(taken <= truth + answer.date)
        }
    }

    @Test("a doubt keeps the same text while it lasts, and ends with an accepted date")
    func doubts() throws {
        var clock = SourceClock()
        _ = clock.hear(Sample.now, wall: Sample.now, elapsed: .zero)
        #expect(clock.doubt == nil)

        _ = clock.hear(Sample.now + .days(8), wall: Sample.now, elapsed: .zero)
        let first = try #require(clock.doubt)
        _ = clock.hear(Sample.now + .days(9), wall: Sample.now, elapsed: .zero)

        #expect(clock.doubt?.description == first.description)
        #expect(first.description.contains("8d ahead of this machine's clock"))
        _ = clock.hear(Sample.now, wall: Sample.now, elapsed: .zero)
        #expect(clock.doubt == nil)
    }

    @Test("a local clock that is behind is reported once records confirm the source's time")
    func slowLocalClock() throws {
        var clock = SourceClock()
        let (wall, saved) = (Sample.now - .days(730), [1, 2, 3].map { Sample.now - .seconds($0) })
        _ = clock.hear(Sample.now, wall: wall, elapsed: .zero)
        let before = try #require(clock.doubt)

        _ = clock.hear(Sample.now, saved: saved, wall: wall, elapsed: .zero)
        let after = try #require(clock.doubt)

        #expect(!before.isBelieved && after.isBelieved)
        #expect(after.description.contains("this machine's clock is 730d behind"))
    }
}
