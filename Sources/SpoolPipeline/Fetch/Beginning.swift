import SpoolCore

/// The first start of a stream while the source's time and the local clock differ by more than a day.
///
/// The start of a stream is stored only once. The earlier of both times would start the stream years too
/// early if the local clock is years behind; the later one would skip new records if the source's `Date` is
/// wrong. So the stream requests records that confirm the source's time. Meanwhile the start waits, for an
/// hour at most, because a machine without a battery-backed clock sets its clock soon after booting.
struct Beginning: Sendable {
    /// A start that is too early by less costs one extra day of reading, so it does not wait.
    static let tolerance = Duration.days(1)
    /// How far before the claimed time records are requested, one age after the other.
    static let ages = [Duration.hours(1), .hours(23)]
    /// The pause between two attempts.
    static let pause = Duration.minutes(1)
    /// After this long the stream starts with the earlier time.
    static let limit = Duration.hours(1)

    private var since: Duration?

    /// True while the claimed time is neither confirmed nor close to the time that is used instead.
    static func isInDoubt(_ doubt: ClockDoubt, date: Timestamp) -> Bool {
        !doubt.isBelieved && doubt.claimed.since(date) > tolerance
    }

    /// True until `limit` has passed since the first call.
    mutating func mayWait(at elapsed: Duration) -> Bool {
        let began = since ?? elapsed
        since = began
        return elapsed - began < Self.limit
    }

    /// How long the start has waited; it is subtracted, so that waiting does not move the start.
    func waited(at elapsed: Duration) -> Duration { since.map { elapsed - $0 } ?? .zero }
}
