import Synchronization

/// "Something changed, look again": wakes every waiter, remembers one wake-up for each of them.
///
/// A notification that comes while a waiter is busy is kept, and several of them count as one, so that
/// nobody misses a change and nobody queues up behind old ones.
package final class Signal: Sendable {
    private struct State {
        var next = 0
        var waiters: [Int: AsyncStream<Void>.Continuation] = [:]
    }

    private let state = Mutex(State())

    package init() {}

    /// Wakes every waiter.
    package func notify() {
        state.withLock { state in
            for waiter in state.waiters.values { waiter.yield() }
        }
    }

    /// A stream of wake-ups, from now on; ends with its iteration's task.
    package func waits() -> AsyncStream<Void> {
        let (stream, continuation) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        let key = state.withLock { state in
            let key = state.next
            state.next += 1
            state.waiters[key] = continuation
            return key
        }
        continuation.onTermination = { [weak self] _ in
            self?.state.withLock { _ = $0.waiters.removeValue(forKey: key) }
        }
        return stream
    }
}
