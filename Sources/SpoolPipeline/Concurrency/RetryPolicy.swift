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
