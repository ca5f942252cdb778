import Synchronization

package import SpoolCore

/// Ends the waits between the attempts of one source or sink when an operator asks for it.
package final class RetryBell: Sendable {
    private let signal = Signal()
    private let waiting = Mutex(0)

    package init() {}

    /// Waits until the time is up, the bell is rung, or `stop` is asked for; also when the task is cancelled.
    ///
    /// - Returns: true when the bell was rung.
    @discardableResult
    func wait(_ duration: Duration, time: Timekeeper, stop: Stop) async -> Bool {
        let rung = watch
        waiting.withLock { $0 += 1 }
        defer { waiting.withLock { $0 -= 1 } }
        await time.wait(duration, or: rung, Watch(stop))
        return rung.isDue
    }

    /// Notes what has been rung so far, for a wait that has other reasons to end as well.
    var watch: Watch { Watch(signal) }

    /// Ends the waits under way.
    ///
    /// - Returns: true when there was one after a failure.
    @discardableResult
    package func ring() -> Bool {
        let isWaiting = waiting.withLock { $0 > 0 }
        signal.notify()
        return isWaiting
    }
}
