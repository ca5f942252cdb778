package import SpoolCore
import Synchronization

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

/// How long to wait before the next attempt: full jitter below a bound that doubles with each failure.
///
/// Source: Marc Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
package struct RetryPolicy: Sendable, Equatable {
    /// The bound of the first wait.
    package var base: Duration
    /// The maximum wait.
    package var cap: Duration
    /// The fraction of the bound that is always waited, 0 to 1; the rest is random.
    package var floor: Double

    package init(base: Duration, cap: Duration, floor: Double = 0) {
        self.base = base
        self.cap = cap
        self.floor = floor
    }

    /// A link that is down: from 1 s to 60 s.
    package static let link = RetryPolicy(base: .seconds(1), cap: .seconds(60))
    /// A scan that does not end: as `link`, but never immediately, since each attempt costs a request.
    package static let unended = RetryPolicy(base: .seconds(1), cap: .seconds(60), floor: 0.5)
    /// A wrong setting: probed every 30 s at first, later every 5 min.
    package static let setting = RetryPolicy(base: .seconds(30), cap: .seconds(300), floor: 0.5)

    /// The wait after the `failures`-th consecutive failure (1, 2 …).
    package func delay(afterFailures failures: Int, chance: Double) -> Duration {
        let doublings = min(max(failures, 1) - 1, 30)
        let bound = min(cap, base * (1 << doublings))
        return bound * (floor + (1 - floor) * chance)
    }
}
