package import SpoolCore
import Synchronization

/// Where the streams of one tenant wait for their next request.
package final class RequestGate: Sendable {
    private let queue: Mutex<RequestQueue>
    private let time: Timekeeper
    private let changed = Signal()
    /// What the tenant has said last, and until when it counts.
    private let refusal = Mutex<(fault: SourceFault, until: Duration)?>(nil)

    package init(perMinute: Int, time: Timekeeper) {
        queue = Mutex(RequestQueue(RequestBudget(perMinute: perMinute)))
        self.time = time
    }

    /// Returns when a request may be made (true), or when `stop` is asked for or the task cancelled.
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

    /// Grants this many requests a minute from now on; what was granted within the last minute counts.
    package func limit(toPerMinute perMinute: Int) {
        queue.withLock { $0.limit(toPerMinute: perMinute) }
        changed.notify()
    }

    /// What the tenant has refused requests with, while nothing is granted for it; nil at all other times.
    package var pausedBy: SourceFault? {
        refusal.withLock { refusal in
            guard let last = refusal, time.elapsed() < last.until else { return nil }
            return last.fault
        }
    }

    /// Grants nothing for this long: the tenant has said 429, in the words of `fault`.
    package func pause(_ duration: Duration, because fault: SourceFault) {
        refusal.withLock { $0 = (fault, max($0?.until ?? .zero, time.elapsed() + duration)) }
        queue.withLock { $0.pause(until: time.elapsed() + duration) }
        changed.notify()
    }
}
