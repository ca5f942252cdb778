import Synchronization

/// A clock that moves only when a test advances it.
///
/// Tasks that sleep on it wake exactly when `advance` passes their deadline, or when they are cancelled. A
/// test first awaits `waitUntilSleeping`, then advances the clock. No real time passes, and the result does
/// not depend on timing.
package final class ManualClock: Clock, Sendable {
    /// A time on this clock, counted from its creation.
    package struct Instant: InstantProtocol, Sendable {
        package let offset: Duration

        package init(offset: Duration) { self.offset = offset }

        package func advanced(by duration: Duration) -> Instant { Instant(offset: offset + duration) }

        package func duration(to other: Instant) -> Duration { other.offset - offset }

        package static func < (left: Instant, right: Instant) -> Bool { left.offset < right.offset }
    }

    private typealias Waiter = CheckedContinuation<Void, any Error>

    private struct State {
        var now = Instant(offset: .zero)
        var nextKey = 0
        var sleepers: [Int: (deadline: Instant, waiter: Waiter)] = [:]
        var watchers: [Int: (count: Int, waiter: Waiter)] = [:]
        /// Keys that were cancelled before their continuation was stored.
        var cancelled: Set<Int> = []

        mutating func takeKey() -> Int {
            nextKey += 1
            return nextKey
        }

        mutating func takeSatisfiedWatchers() -> [Waiter] {
            let keys = watchers.filter { $0.value.count <= sleepers.count }.keys
            return keys.compactMap { watchers.removeValue(forKey: $0)?.waiter }
        }

        mutating func takeDueSleepers() -> [Waiter] {
            let due = sleepers.filter { $0.value.deadline <= now }
                .sorted { ($0.value.deadline, $0.key) < ($1.value.deadline, $1.key) }
            return due.compactMap { sleepers.removeValue(forKey: $0.key)?.waiter }
        }
    }

    private let state = Mutex(State())

    package init() {}

    package var now: Instant { state.withLock { $0.now } }

    package var minimumResolution: Duration { .nanoseconds(1) }

    /// The number of tasks that sleep on it.
    package var sleeping: Int { state.withLock { $0.sleepers.count } }

    /// The time until the next sleeper is due; nil when no task sleeps.
    package var untilNextDeadline: Duration? {
        state.withLock { state in
            state.sleepers.values.map(\.deadline).min().map { state.now.duration(to: $0) }
        }
    }

    /// Sleeps until the clock has been advanced to `deadline`.
    ///
    /// - Throws: `CancellationError` when the task is cancelled first.
    package func sleep(until deadline: Instant, tolerance: Duration? = nil) async throws {
        try await wait { state, key, waiter in
            guard deadline > state.now else { return [waiter] }
            state.sleepers[key] = (deadline, waiter)
            return state.takeSatisfiedWatchers()
        }
    }

    /// Moves the clock forward and wakes the tasks that are due, in the order of their deadlines.
    ///
    /// It wakes them and returns: await `waitUntilSleeping`, or their next action, before continuing.
    package func advance(by duration: Duration) {
        precondition(duration >= .zero, "a clock does not run backwards")
        let due = state.withLock { state in
            state.now = state.now.advanced(by: duration)
            return state.takeDueSleepers()
        }
        for waiter in due { waiter.resume() }
    }

    /// Waits until at least `count` tasks sleep on the clock.
    ///
    /// - Throws: `CancellationError` when the test is cancelled, for instance by its time limit.
    package func waitUntilSleeping(count: Int = 1) async throws {
        try await wait { state, key, waiter in
            guard state.sleepers.count < count else { return [waiter] }
            state.watchers[key] = (count, waiter)
            return []
        }
    }

    /// Suspends the task; `enter` stores its continuation and returns those to resume.
    private func wait(
        _ enter:
            @Sendable (inout sending State, Int, CheckedContinuation<Void, any Error>)
            -> [CheckedContinuation<Void, any Error>]
    ) async throws {
        let key = state.withLock { $0.takeKey() }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (waiter: Waiter) in
                let ready: [Waiter]? = state.withLock { state in
                    if state.cancelled.remove(key) != nil { return nil }
                    return enter(&state, key, waiter)
                }
                guard let ready else {
                    waiter.resume(throwing: CancellationError())
                    return
                }
                for other in ready { other.resume() }
            }
        } onCancel: {
            let waiter: Waiter? = state.withLock { state in
                if let sleeper = state.sleepers.removeValue(forKey: key) { return sleeper.waiter }
                if let watcher = state.watchers.removeValue(forKey: key) { return watcher.waiter }
                state.cancelled.insert(key)
                return nil
            }
            waiter?.resume(throwing: CancellationError())
        }
        // A task may be cancelled after its wake-up; its key is then no longer needed.
        state.withLock { _ = $0.cancelled.remove(key) }
        try Task.checkCancellation()
    }
}
