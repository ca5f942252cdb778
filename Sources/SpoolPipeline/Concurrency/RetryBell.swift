import Synchronization

package import SpoolCore

/// Ends the waits between the attempts of one source or sink when an operator requests a retry.
package final class RetryBell: Sendable {
    private let signal = ChangeSignal()
    /// The number of current waits.
    private let waits = Mutex(0)

    package init() {}

    /// Waits until the time is up, the bell is rung, `stop` is requested or the task is cancelled.
    ///
    /// - Returns: true when the bell was rung.
    @discardableResult
    func wait(_ duration: Duration, time: Clocks, stop: ShutdownRequest) async -> Bool {
        let rung = SeenVersion(signal)
        await waiting(rung) { await time.wait(duration, or: $0, SeenVersion(stop)) }
        return rung.isDue
    }

    /// Calls `body`, a wait that must end when its argument is due.
    func whileWaiting<Failure: Error>(
        _ body: (SeenVersion) async throws(Failure) -> Void
    ) async throws(Failure) {
        try await waiting(SeenVersion(signal), body)
    }

    private func waiting<Failure: Error>(
        _ rung: SeenVersion,
        _ body: (SeenVersion) async throws(Failure) -> Void
    ) async throws(Failure) {
        waits.withLock { $0 += 1 }
        defer { waits.withLock { $0 -= 1 } }
        try await body(rung)
    }

    /// Ends the current waits.
    ///
    /// - Returns: true when there was at least one.
    @discardableResult
    package func ring() -> Bool {
        let isWaiting = waits.withLock { $0 > 0 }
        signal.notify()
        return isWaiting
    }
}
