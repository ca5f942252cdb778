package import SpoolCore

/// Detects that the local clock was set, by comparing it with the monotonic clock.
package struct ClockSteps: Sendable {
    /// Smaller steps, such as corrections by NTP, are ignored.
    static let least = Duration.minutes(5)

    private var last: (wall: Timestamp, elapsed: Duration)?

    package init() {}

    /// Compares both clocks with the last call.
    ///
    /// - Parameters:
    ///   - wall: the local clock.
    ///   - elapsed: the monotonic clock.
    /// - Returns: how far the local clock was set forward since the last call, negative if it was set back;
    ///   nil when it was not set.
    package mutating func look(wall: Timestamp, elapsed: Duration) -> Duration? {
        defer { last = (wall, elapsed) }
        guard let last else { return nil }
        let step = wall.since(last.wall) - (elapsed - last.elapsed)
        return step >= Self.least || step <= .zero - Self.least ? step : nil
    }
}
