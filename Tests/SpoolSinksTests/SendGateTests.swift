import SpoolCore
import Testing

@testable import SpoolSinks

@Suite(.timeLimit(.minutes(5)))
struct SendGateTests {
    @Test("the first batch is admitted, whatever its size")
    func first() async throws {
        let gate = SendGate(unsettledLimit: 10)

        try await gate.enter(100 << 20)
    }

    @Test("a batch waits until unsettled bytes leave capacity for it")
    func waitsForSettling() async throws {
        let gate = SendGate(unsettledLimit: 100)
        try await gate.enter(60)
        gate.wrote(60)
        let second = Task { try await gate.enter(60) }
        await gate.waitUntilWaited()

        gate.settled(60)

        try await second.value
    }

    @Test("a batch waits until the kernel has accepted the previous one")
    func waitsForWriting() async throws {
        let gate = SendGate()
        try await gate.enter(SendGate.unwrittenLimit)
        let second = Task { try await gate.enter(1) }
        await gate.waitUntilWaited()

        gate.wrote(SendGate.unwrittenLimit)

        try await second.value
    }

    @Test("the end of the session reaches a waiting sender and all later ones; the first fault is kept")
    func ends() async throws {
        let gate = SendGate(unsettledLimit: 1)
        try await gate.enter(1)
        let waiting = Task { await fault { () throws(SinkFault) in try await gate.enter(1) } }
        await gate.waitUntilWaited()

        gate.end(SinkFault(.unreachable, "first"))
        gate.end(SinkFault(.misconfigured, "second"))

        #expect(await waiting.value?.description == "first")
        #expect(await fault { () throws(SinkFault) in try await gate.enter(1) }?.description == "first")
    }

    @Test("a waiting sender can be cancelled")
    func cancelled() async throws {
        let gate = SendGate(unsettledLimit: 1)
        try await gate.enter(1)
        let waiting = Task { await fault { () throws(SinkFault) in try await gate.enter(1) } }
        await gate.waitUntilWaited()

        waiting.cancel()

        #expect(await waiting.value?.kind == .unreachable)
    }
}

extension SendGate {
    /// Returns once a batch waits at the gate.
    func waitUntilWaited() async {
        while !isWaited { await Task.yield() }
    }
}
