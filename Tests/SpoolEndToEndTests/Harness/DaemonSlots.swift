import Synchronization
import Testing

/// Limits how many tests with daemons run at a time, over all suites: two cores cannot serve more.
struct DaemonSlots: TestTrait, SuiteTrait, TestScoping {
    let isRecursive = true

    func provideScope(
        for test: Test,
        testCase: Test.Case?,
        performing function: @Sendable () async throws -> Void
    ) async throws {
        // Only tests take a slot, not suites.
        guard testCase != nil else { return try await function() }
        await Self.slots.take()
        do {
            try await function()
        } catch {
            Self.slots.giveBack()
            throw error
        }
        Self.slots.giveBack()
    }

    private static let slots = Slots(free: 2)

    private final class Slots: Sendable {
        private struct State {
            var free: Int
            var waiters: [CheckedContinuation<Void, Never>] = []
        }

        private let state: Mutex<State>

        init(free: Int) { state = Mutex(State(free: free)) }

        func take() async {
            await withCheckedContinuation { continuation in
                let isFree = state.withLock { state in
                    guard state.free == 0 else {
                        state.free -= 1
                        return true
                    }
                    state.waiters.append(continuation)
                    return false
                }
                if isFree { continuation.resume() }
            }
        }

        func giveBack() {
            let next: CheckedContinuation<Void, Never>? = state.withLock { state in
                guard state.waiters.isEmpty else { return state.waiters.removeFirst() }
                state.free += 1
                return nil
            }
            next?.resume()
        }
    }
}

extension Trait where Self == DaemonSlots {
    /// For tests that run daemons.
    static var daemons: DaemonSlots { DaemonSlots() }
}
