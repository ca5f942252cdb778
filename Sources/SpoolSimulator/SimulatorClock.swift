import Foundation
import Synchronization

/// The portal's own time, which its `Date` header, records, request limit and tokens use.
///
/// By default it runs like real time. With another speed it runs faster or slower, and with speed 0 it stops,
/// so that days can pass in a test without waiting.
package final class SimulatorClock: Sendable {
    private struct State {
        var base: Int64
        var since: ContinuousClock.Instant
        var speed: Double

        func now(at instant: ContinuousClock.Instant) -> Int64 {
            base + Int64(Double(milliseconds(since.duration(to: instant))) * speed)
        }
    }

    private let state: Mutex<State>

    /// A clock that starts at `startMs` (the wall clock's time by default) and runs at `speed` times real
    /// time.
    package init(startMs: Int64? = nil, speed: Double = 1) {
        let start = startMs ?? Int64(Date().timeIntervalSince1970 * 1000)
        state = Mutex(State(base: start, since: .now, speed: speed))
    }

    /// A clock that moves only when it is changed.
    package static func manual(startMs: Int64) -> SimulatorClock {
        SimulatorClock(startMs: startMs, speed: 0)
    }

    /// The portal's time in milliseconds since 1970.
    package var nowMs: Int64 {
        state.withLock { $0.now(at: .now) }
    }

    /// Moves the time forward immediately.
    package func advance(by duration: Duration) {
        state.withLock { $0.base += milliseconds(duration) }
    }

    /// Sets the time; the speed stays the same.
    package func set(toMs time: Int64) {
        state.withLock {
            $0.base = time
            $0.since = .now
        }
    }

    /// Sets how many seconds pass per second of real time; 0 stops the clock.
    package func setSpeed(_ speed: Double) {
        state.withLock {
            let instant = ContinuousClock.now
            $0.base = $0.now(at: instant)
            $0.since = instant
            $0.speed = speed
        }
    }
}

/// Whole milliseconds of a duration.
func milliseconds(_ duration: Duration) -> Int64 {
    let parts = duration.components
    return parts.seconds * 1000 + parts.attoseconds / 1_000_000_000_000_000
}
