import SpoolCore
import SpoolPipeline
import Testing

@Suite("Steps of the local clock")
struct ClockStepsTests {
    @Test(
        "a step in either direction is detected once, with its size; small steps are ignored",
        arguments: [
            (Duration.days(400), Duration?.some(.days(400))), (.days(-400), .days(-400)),
            (.minutes(4), nil), (.minutes(-4), nil), (.zero, nil),
        ]
    )
    func steps(step: Duration, noticed: Duration?) {
        var steps = ClockSteps()

        #expect(steps.look(wall: Sample.now, elapsed: .zero) == nil)
        #expect(steps.look(wall: Sample.now + .seconds(10) + step, elapsed: .seconds(10)) == noticed)
        #expect(steps.look(wall: Sample.now + .seconds(20) + step, elapsed: .seconds(20)) == nil)
    }
}
