package import SpoolCore

/// Notices that the local clock was set, by the monotonic clock beside it.
package struct ClockSteps: Sendable {
    /// Smaller steps, as time servers make them, matter to nothing.
    static let least = Duration.minutes(5)

    private var last: (wall: Timestamp, elapsed: Duration)?

    package init() {}

    /// Compares both clocks with the last call.
    ///
    /// - Parameters:
    ///   - wall: the local clock.
    ///   - elapsed: the monotonic clock.
    /// - Returns: how far the local clock was set forward since then, negative for back; nil when it was not set.
    package mutating func look(wall: Timestamp, elapsed: Duration) -> Duration? {
        defer { last = (wall, elapsed) }
        guard let last else { return nil }
        let step = wall.since(last.wall) - (elapsed - last.elapsed)
        return step >= Self.least || step <= .zero - Self.least ? step : nil
    }
}
