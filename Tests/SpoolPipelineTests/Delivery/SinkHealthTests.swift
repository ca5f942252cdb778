import SpoolCore
import SpoolPipeline
import Testing

@Suite("Sink health")
struct SinkHealthTests {
    var health = SinkHealth()

    private mutating func fail(_ kind: SinkFault.Kind, _ reached: SinkHealth.Reached, chance: Double = 1)
        -> Duration
    {
        health.noteFailure(SinkFault(kind, "x"), reached: reached, elapsed: .zero, chance: chance)
    }

    @Test("backs off with every consecutive failure, connected or not")
    mutating func backsOff() {
        let pauses = [
            fail(.unreachable, .nothing), fail(.unreachable, .sending), fail(.unreachable, .connection),
        ]

        #expect(pauses == [1, 2, 4].map { .seconds($0) })
        #expect(health.phase == .open(until: .seconds(4)))
    }

    @Test("a session that settled something resets the backoff")
    mutating func settledSomething() {
        for _ in 0..<5 { _ = fail(.unreachable, .nothing) }

        #expect(fail(.unreachable, .settling) == .seconds(1))
    }

    @Test("the attempt after a failure is a probe, and a success ends it")
    mutating func probe() {
        health.begin()
        #expect(health.phase == .closed)
        _ = fail(.unreachable, .nothing)
        health.begin()
        #expect(health.phase == .probing)
        health.noteSuccess()
        #expect(health == SinkHealth())
    }

    @Test(
        "the third consecutive connection cut before a settlement is reported, ignoring refused connects"
    )
    mutating func cuts() {
        var named: [Bool] = []
        for reached in [
            SinkHealth.Reached.sending, .sending, .nothing, .sending, .sending, .settling, .sending,
        ] {
            _ = fail(.unreachable, reached)
            named.append(health.isCutEarly)
        }

        #expect(named == [false, false, false, true, true, false, false])
    }

    @Test("a wrong setting holds the sink and is probed slowly")
    mutating func held() {
        #expect(fail(.misconfigured, .nothing) == .seconds(30))
        #expect(health.isHeld)
        _ = fail(.unreachable, .nothing)
        #expect(!health.isHeld)
    }

    @Test("waits at least as long as requested, and longer when requested repeatedly")
    mutating func throttled() {
        let pauses = (0..<5).map { _ in fail(.throttled(.seconds(3)), .sending, chance: 0.99) }

        #expect(pauses.allSatisfy { $0 >= .seconds(3) })
        #expect(pauses.last ?? .zero > .seconds(10))
        #expect(fail(.throttled(.hours(5)), .sending, chance: 0) == .seconds(900))
    }
}
