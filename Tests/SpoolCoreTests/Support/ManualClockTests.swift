import SpoolTestSupport
import Testing

@Suite("The manual clock for tests")
struct ManualClockTests {
    let clock = ManualClock()

    @Test("does not move until it is advanced")
    func standsStill() {
        let before = clock.now

        clock.advance(by: .seconds(90))

        #expect(before.duration(to: clock.now) == .seconds(90))
    }

    @Test("wakes a sleeper exactly when its deadline is reached", .timeLimit(.minutes(5)))
    func wakesAtTheDeadline() async throws {
        let sleeper = Task { [clock] in
            try await clock.sleep(for: .seconds(10))
            return clock.now.offset
        }
        try await clock.waitUntilSleeping()

        clock.advance(by: .seconds(9))
        #expect(clock.sleeping == 1)
        #expect(clock.untilNextDeadline == .seconds(1))
        clock.advance(by: .seconds(1))

        #expect(try await sleeper.value == .seconds(10))
        #expect(clock.sleeping == 0)
    }

    @Test("a sleep that is already over returns immediately", .timeLimit(.minutes(5)))
    func pastDeadline() async throws {
        clock.advance(by: .seconds(5))

        try await clock.sleep(until: ManualClock.Instant(offset: .seconds(5)))

        #expect(clock.sleeping == 0)
    }

    @Test("waits for the requested number of sleepers", .timeLimit(.minutes(5)))
    func waitsForSleepers() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for seconds in 1...5 {
                group.addTask { [clock] in try await clock.sleep(for: .seconds(seconds)) }
            }

            try await clock.waitUntilSleeping(count: 5)
            clock.advance(by: .seconds(3))

            #expect(clock.sleeping == 2)
            clock.advance(by: .seconds(2))
            try await group.waitForAll()
        }
    }

    @Test("a cancelled sleeper wakes with an error and no longer sleeps", .timeLimit(.minutes(5)))
    func cancelledSleeper() async throws {
        let sleeper = Task { [clock] in try await clock.sleep(for: .seconds(10)) }
        try await clock.waitUntilSleeping()

        sleeper.cancel()

        await #expect(throws: CancellationError.self) { try await sleeper.value }
        #expect(clock.sleeping == 0)
    }

    @Test("a task cancelled before it sleeps does not sleep", .timeLimit(.minutes(5)))
    func cancelledBeforeSleeping() async {
        let (gate, open) = AsyncStream<Void>.makeStream()
        let sleeper = Task { [clock] in
            for await _ in gate { break }
            try await clock.sleep(for: .seconds(10))
        }

        sleeper.cancel()
        open.finish()

        await #expect(throws: CancellationError.self) { try await sleeper.value }
        #expect(clock.sleeping == 0)
    }

    @Test("a cancelled wait for sleepers ends with an error", .timeLimit(.minutes(5)))
    func cancelledWatcher() async {
        let watcher = Task { [clock] in try await clock.waitUntilSleeping(count: 1) }

        watcher.cancel()

        await #expect(throws: CancellationError.self) { try await watcher.value }
    }
}
