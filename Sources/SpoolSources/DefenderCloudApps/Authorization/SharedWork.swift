import SpoolCore
import Synchronization

/// Work whose result several tasks wait for.
///
/// A waiting task that is cancelled stops waiting immediately. The work continues for the others, and is
/// cancelled when the last one stops waiting.
final class SharedWork<Value: Sendable>: Sendable {
    private struct State {
        var waiting = 0
        var value: Value?
        var task: Task<Void, Never>?
        var isAbandoned = false
    }

    private let state = Mutex(State())
    private let ended = ChangeSignal()

    /// Starts the work.
    init(_ work: @escaping @Sendable () async -> Value) {
        // The task is owned here: `value` cancels it for the last waiter, and `cancel` awaits its end.
        let task = Task { [self] in
            let value = await work()
            state.withLock { $0.value = value }
            ended.notify()
        }
        state.withLock { $0.task = task }
    }

    /// Waits for the result.
    ///
    /// - Returns: The result; `cancelled` when the calling task was cancelled first; `abandoned` when all
    ///   earlier waiters stopped waiting before the end, so that new work has to be started.
    func value() async -> Outcome {
        let isOpen = state.withLock { state in
            guard !state.isAbandoned else { return false }
            state.waiting += 1
            return true
        }
        guard isOpen else { return .abandoned }
        await ended.changed(after: 0)
        let (value, task) = state.withLock { state in
            state.waiting -= 1
            if state.waiting == 0, state.value == nil { state.isAbandoned = true }
            return (state.value, state.isAbandoned ? state.task : nil)
        }
        task?.cancel()
        return value.map { .value($0) } ?? .cancelled
    }

    /// The result of waiting.
    enum Outcome: Sendable {
        case value(Value)
        case cancelled
        case abandoned
    }

    /// Cancels the work and returns when it has ended.
    func cancel() async {
        let task = state.withLock { state in
            state.isAbandoned = true
            return state.task
        }
        task?.cancel()
        await task?.value
    }
}
