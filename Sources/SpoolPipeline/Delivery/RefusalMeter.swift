import DequeModule

/// Distinguishes a bad event from a bad setting.
///
/// A sink that rejects most events is held, instead of turning all its events into dead letters.
package struct RefusalMeter: Sendable {
    /// The number of recent outcomes that are evaluated.
    package static let window = 50
    /// A mass refusal: at least this many of them, and more than half, are refusals.
    package static let least = 20
    /// Also a mass refusal: more dead letters than this within `span`.
    package static let most = 100
    package static let span = Duration.seconds(300)

    private var recent: Deque<Bool> = []
    private var letters: Deque<Duration> = []

    package init() {}

    /// Notes outcomes in event order; those of events that were not sent must not be noted.
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

    /// Forgets all outcomes, after an accepted probe.
    package mutating func clear() {
        recent.removeAll()
        letters.removeAll()
    }
}
