import Synchronization

/// How far a test has set the local clock.
package final class WallStep: Sendable {
    private let step = Mutex(Duration.zero)

    package init() {}

    package var value: Duration { step.withLock { $0 } }

    package func set(by duration: Duration) { step.withLock { $0 += duration } }
}
