package import SpoolCore
import Synchronization

/// A semaphore with a fixed number of permits; waiting tasks are served in order of arrival.
package final class AsyncSemaphore: Sendable {
    private struct State {
        var free: Int
        var next = 0
        var waiting: [Int] = []
    }

    private let state: Mutex<State>
    private let changed = ChangeSignal()

    package init(_ count: Int) { state = Mutex(State(free: count)) }

    /// Returns with a permit (true), or without one when `stop` is requested or the task is cancelled
    /// (false).
    package func take(stop: ShutdownRequest) async -> Bool {
        let ticket = state.withLock { state in
            defer { state.next += 1 }
            state.waiting.append(state.next)
            return state.next
        }
        while !stop.isAsked, !Task.isCancelled {
            let version = changed.version
            let isTaken = state.withLock { state in
                guard state.free > 0, state.waiting.first == ticket else { return false }
                state.free -= 1
                state.waiting.removeFirst()
                return true
            }
            if isTaken {
                changed.notify()
                return true
            }
            await race({ await self.changed.changed(after: version) }, { await stop.asked() })
        }
        state.withLock { state in state.waiting.removeAll { $0 == ticket } }
        changed.notify()
        return false
    }

    /// Returns a permit.
    package func give() {
        state.withLock { $0.free += 1 }
        changed.notify()
    }
}
