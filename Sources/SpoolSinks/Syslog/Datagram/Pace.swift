/// Limits the rate of datagrams; it reads no clock.
///
/// A receiver's buffer holds about ninety datagrams of a usual size (Linux's default of 212,992 bytes counts
/// 2,304 for one of 900), and drops datagrams that arrive faster than they are read.
struct Pace {
    /// 1,000 datagrams per second, in bursts of 10: a receiver may then be unable to read for 90 ms.
    ///
    /// At 2,000 and 5,000 per second a syslog-ng on a busy machine was seen to lose lines.
    static let standard = Pace(burst: 10, interval: .milliseconds(10))

    let burst: Int
    /// The time between the starts of two bursts.
    let interval: Duration
    private var begun: ContinuousClock.Instant?
    private var used = 0

    init(burst: Int, interval: Duration) {
        self.burst = burst
        self.interval = interval
    }

    /// The number of datagrams that may be sent now; if 0, the time at which to ask again.
    mutating func take(_ wanted: Int, at now: ContinuousClock.Instant) -> (
        count: Int, next: ContinuousClock.Instant
    ) {
        let next = begun.map { $0.advanced(by: interval) }
        if next.map({ $0 <= now }) ?? true {
            begun = now
            used = 0
        }
        let count = min(wanted, burst - used)
        used += count
        return (count, (begun ?? now).advanced(by: interval))
    }
}
