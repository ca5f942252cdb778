package import SpoolCore
import Synchronization

/// Grants requests to the streams of one tenant within its budget.
package final class RequestGate: Sendable {
    private let queue: Mutex<RequestQueue>
    private let time: Timekeeper
    private let changed = Signal()
    /// The tenant's last refusal, and until when it applies.
    private let refusal = Mutex<(fault: SourceFault, until: Duration)?>(nil)

    package init(perMinute: Int, time: Timekeeper) {
        queue = Mutex(RequestQueue(RequestBudget(perMinute: perMinute)))
        self.time = time
    }

    /// Returns when a request may be made (true), or when `stop` is requested or the task is cancelled
    /// (false).
    package func take(_ claim: RequestClaim, stop: Stop) async -> Bool {
        let ticket = queue.withLock { $0.enter(claim) }
        defer {
            queue.withLock { $0.leave(ticket) }
            changed.notify()
        }
        while !stop.isAsked, !Task.isCancelled {
            let turn = Watch(changed)
            let wait = queue.withLock { $0.take(ticket, now: time.elapsed()) }
            guard let wait else { return true }
            await time.wait(wait, or: turn, Watch(stop))
        }
        return false
    }

    /// Sets the number of requests per minute; those granted within the last minute count.
    package func limit(toPerMinute perMinute: Int) {
        queue.withLock { $0.limit(toPerMinute: perMinute) }
        changed.notify()
    }

    /// The fault with which the tenant refused requests, while nothing is granted because of it; otherwise
    /// nil.
    package var pausedBy: SourceFault? {
        refusal.withLock { refusal in
            guard let last = refusal, time.elapsed() < last.until else { return nil }
            return last.fault
        }
    }

    /// Grants nothing for this long, because the tenant has answered 429 (`fault`).
    package func pause(_ duration: Duration, because fault: SourceFault) {
        refusal.withLock { $0 = (fault, max($0?.until ?? .zero, time.elapsed() + duration)) }
        queue.withLock { $0.pause(until: time.elapsed() + duration) }
        changed.notify()
    }
}
