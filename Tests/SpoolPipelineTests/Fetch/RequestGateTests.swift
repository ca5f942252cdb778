import SpoolCore
import SpoolPipeline
import SpoolTestSupport
import Testing

@Suite("Request gate", .timeLimit(.minutes(5)))
struct RequestGateTests {
    let clock = ManualClock()
    let stop = Stop()

    private func gate(_ perMinute: Int) -> RequestGate {
        RequestGate(
            perMinute: perMinute,
            time: Timekeeper(clock: clock, wall: { Sample.now }, chance: { 0 })
        )
    }

    @Test("grants the next request exactly when the minute is over")
    func waits() async throws {
        let gate = gate(1)
        let first = await gate.take(.poll, stop: stop)
        async let second = gate.take(.poll, stop: stop)
        try await clock.waitUntilSleeping()
        #expect(clock.untilNextDeadline == .seconds(60))
        clock.advance(by: .seconds(60))

        #expect(first)
        #expect(await second)
    }

    @Test("a stop and a cancelled task return without a request")
    func stops() async throws {
        let gate = gate(1)
        _ = await gate.take(.poll, stop: stop)
        let cancelled = Task { await gate.take(.sweep, stop: stop) }
        let stopped = Task { await gate.take(.poll, stop: stop) }
        try await clock.waitUntilSleeping(count: 2)

        cancelled.cancel()
        #expect(await cancelled.value == false)
        stop.ask()
        #expect(await stopped.value == false)
        #expect(await gate.take(.poll, stop: stop) == false)
    }

    @Test("an overtaken claim sleeps until its turn")
    func overtaken() async throws {
        let gate = gate(4)
        for _ in 0..<4 { _ = await gate.take(.poll, stop: stop) }
        let sweep = Task { await gate.take(.sweep, stop: stop) }
        let polls = (0..<3).map { _ in Task { await gate.take(.poll, stop: stop) } }
        try await clock.waitUntilSleeping(count: 4)
        clock.advance(by: .seconds(60))

        #expect(await sweep.value)
        for poll in polls { #expect(await poll.value) }
    }

    @Test("a pause delays all claims, including those already waiting")
    func pauses() async throws {
        let gate = gate(20)
        gate.pause(.seconds(41), because: SourceFault(.throttled(.seconds(41)), "429"))
        async let poll = gate.take(.poll, stop: stop)
        try await clock.waitUntilSleeping()
        #expect(clock.untilNextDeadline == .seconds(41))
        clock.advance(by: .seconds(41))

        #expect(await poll)
    }
}
