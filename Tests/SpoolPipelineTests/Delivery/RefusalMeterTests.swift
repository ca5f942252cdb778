import SpoolPipeline
import Testing

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
