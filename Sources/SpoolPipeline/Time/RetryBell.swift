import Synchronization

package import SpoolCore

/// Ends the waits between the attempts of one source or sink when an operator asks for it.
package final class RetryBell: Sendable {
    private let signal = Signal()
    /// How many waits are under way.
    private let waits = Mutex(0)

    package init() {}

    /// Waits until the time is up, the bell is rung, or `stop` is asked for; also when the task is cancelled.
    ///
    /// - Returns: true when the bell was rung.
    @discardableResult
    func wait(_ duration: Duration, time: Timekeeper, stop: Stop) async -> Bool {
        let rung = Watch(signal)
        await waiting(rung) { await time.wait(duration, or: $0, Watch(stop)) }
        return rung.isDue
    }

    /// Does `body`, a wait that has to end when its argument is due.
    func whileWaiting<Failure: Error>(
        _ body: (Watch) async throws(Failure) -> Void
    ) async throws(Failure) {
        try await waiting(Watch(signal), body)
    }

    private func waiting<Failure: Error>(
        _ rung: Watch,
        _ body: (Watch) async throws(Failure) -> Void
    ) async throws(Failure) {
        waits.withLock { $0 += 1 }
        defer { waits.withLock { $0 -= 1 } }
        try await body(rung)
    }

    /// Ends the waits under way.
    ///
    /// - Returns: true when there was one.
    @discardableResult
    package func ring() -> Bool {
        let isWaiting = waits.withLock { $0 > 0 }
        signal.notify()
        return isWaiting
    }
}
