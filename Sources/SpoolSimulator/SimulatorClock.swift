import Foundation
import Synchronization

/// The portal's own time: what its `Date` header says and what its records, throttle and tokens go by.
///
/// It runs like real time by default, faster or slower with another speed, and stands still with speed 0,
/// so that days pass in a test without anybody waiting for them.
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

    /// A clock that begins at `startMs` (the wall clock's time by default) and runs at `speed` times real time.
    package init(startMs: Int64? = nil, speed: Double = 1) {
        let start = startMs ?? Int64(Date().timeIntervalSince1970 * 1000)
        state = Mutex(State(base: start, since: .now, speed: speed))
    }

    /// A clock that moves only when it is told to.
    package static func manual(startMs: Int64) -> SimulatorClock {
        SimulatorClock(startMs: startMs, speed: 0)
    }

    /// The portal's time in milliseconds since 1970.
    package var nowMs: Int64 {
        state.withLock { $0.now(at: .now) }
    }

    /// Moves the time forward at once.
    package func advance(by duration: Duration) {
        state.withLock { $0.base += milliseconds(duration) }
    }

    /// Sets the time; it goes on from there at the same speed.
    package func set(toMs time: Int64) {
        state.withLock {
            $0.base = time
            $0.since = .now
        }
    }

    /// Sets how many seconds pass here in a second of real time; 0 stops the clock.
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
