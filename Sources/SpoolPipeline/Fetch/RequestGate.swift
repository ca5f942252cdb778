import SpoolCore
import Synchronization

/// Where the streams of one tenant wait for their next request.
package final class RequestGate: Sendable {
    private struct State {
        var budget: RequestBudget
        var waiting: [RequestClaim: Int] = [:]
    }

    private let state: Mutex<State>
    private let time: Timekeeper
    private let changed = Signal()

    package init(perMinute: Int, time: Timekeeper) {
        state = Mutex(State(budget: RequestBudget(perMinute: perMinute)))
        self.time = time
    }

    /// Returns when a request may be made, or when `stop` is asked for or the task cancelled (false).
    ///
    /// Someone with a stronger claim who waits goes first.
    package func take(_ claim: RequestClaim, stop: Stop) async -> Bool {
        state.withLock { $0.waiting[claim, default: 0] += 1 }
        defer {
            state.withLock { $0.waiting[claim, default: 1] -= 1 }
            changed.notify()
        }
        while !stop.isAsked, !Task.isCancelled {
            let turn = Watch(changed)
            let stopping = Watch(stop.signal)
            let wait = state.withLock { state -> Duration? in
                let now = time.elapsed()
                let isOvertaken = state.waiting.contains {
                    $0.key < claim && $0.value > 0 && state.budget.hasRoom(for: $0.key, now: now)
                }
                return isOvertaken ? RequestBudget.span : state.budget.take(claim, now: now)
            }
            guard let wait else { return true }
            await time.wait(wait, or: turn, stopping)
        }
        return false
    }

    /// Grants nothing for this long: the tenant has said 429.
    package func pause(_ duration: Duration) {
        state.withLock { $0.budget.pause(until: time.elapsed() + duration) }
        changed.notify()
    }
}
