import Synchronization

/// Wakes tasks that wait for a change, without losing one.
///
/// A waiter reads `version` before it looks at the state, and then waits for a later version. A change in
/// between is not lost, and several changes count as one.
package final class ChangeSignal: Sendable {
    private struct State {
        var version = 0
        var nextWaiter = 0
        var waiters: [Int: CheckedContinuation<Void, Never>] = [:]
    }

    private let state = Mutex(State())

    package init() {}

    /// How often `notify` has been called.
    package var version: Int { state.withLock { $0.version } }

    /// Wakes every waiter.
    package func notify() {
        let waiters = state.withLock { state in
            state.version += 1
            defer { state.waiters.removeAll() }
            return state.waiters.values.map { $0 }
        }
        for waiter in waiters { waiter.resume() }
    }

    /// Returns once `notify` has been called after `version`, or when the task is cancelled.
    package func changed(after version: Int) async {
        let key = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isDue = state.withLock { state in
                    if state.version > version || Task.isCancelled { return true }
                    state.waiters[key] = continuation
                    return false
                }
                if isDue { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiters.removeValue(forKey: key) }?.resume()
        }
    }
}
