import DequeModule

/// Tells a bad event from a bad setting: a sink that refuses most of what it gets is held, not emptied into
/// the dead letters.
package struct RefusalMeter: Sendable {
    /// The outcomes looked at.
    package static let window = 50
    /// At least this many of them, and more than half, must be refusals.
    package static let least = 20
    /// Or more dead letters than this within `span`.
    package static let most = 100
    package static let span = Duration.seconds(300)

    private var recent: Deque<Bool> = []
    private var letters: Deque<Duration> = []

    package init() {}

    /// Notes outcomes in event order; what was not sent at all must not be noted.
    package mutating func note(refused: Bool, count: Int, elapsed: Duration) {
        for _ in 0..<min(count, Self.window) { recent.append(refused) }
        if recent.count > Self.window { recent.removeFirst(recent.count - Self.window) }
        guard refused else { return }
        for _ in 0..<min(count, Self.most + 1) { letters.append(elapsed) }
        while let first = letters.first, letters.count > Self.most + 1 || first < elapsed - Self.span {
            letters.removeFirst()
        }
    }

    /// True when the sink must be held.
    package func isMass(elapsed: Duration) -> Bool {
        let refusals = recent.count { $0 }
        let late = letters.count { $0 >= elapsed - Self.span }
        return (refusals >= Self.least && refusals * 2 > recent.count) || late > Self.most
    }

    /// Forgets what was noted: a probe was accepted.
    package mutating func clear() {
        recent.removeAll()
        letters.removeAll()
    }
}
