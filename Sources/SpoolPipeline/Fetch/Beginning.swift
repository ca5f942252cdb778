import SpoolCore

/// The first start of a stream while the source's time and the local clock differ by more than a day.
///
/// Where it begins is stored once. With the smaller time of both, a local clock that is years behind would begin years
/// too early, and with the greater one a wrong `Date` would skip what is new. So records are asked for that confirm the
/// source's time, and meanwhile the start waits, for an hour at most: a machine without a clock of its own sets it soon
/// after it has started.
struct Beginning: Sendable {
    /// A start that is too early by less costs a day of reading once, and is made without waiting.
    static let tolerance = Duration.days(1)
    /// How far before the claimed time records are asked for, one after the other.
    static let ages = [Duration.hours(1), .hours(23)]
    /// Between two attempts.
    static let pause = Duration.minutes(1)
    /// After this long the stream begins with the smaller time.
    static let limit = Duration.hours(1)

    private var since: Duration?

    /// True while the claimed time is neither confirmed nor near the one that is used instead.
    static func isInDoubt(_ doubt: ClockDoubt, date: Timestamp) -> Bool {
        !doubt.isBelieved && doubt.claimed.since(date) > tolerance
    }

    /// True until the time for waiting is over, which counts from the first call.
    mutating func mayWait(at elapsed: Duration) -> Bool {
        let began = since ?? elapsed
        since = began
        return elapsed - began < Self.limit
    }

    /// How long the start has waited: it begins as far back as it would have without that.
    func waited(at elapsed: Duration) -> Duration { since.map { elapsed - $0 } ?? .zero }
}
