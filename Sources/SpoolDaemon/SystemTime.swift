import Foundation
package import SpoolCore
package import SpoolPipeline

/// The machine's clocks and its randomness: the one place that reads them.
package enum SystemTime {
    /// The local wall clock.
    package static func now() -> Timestamp {
        Timestamp(milliseconds: Int64((Date().timeIntervalSince1970 * 1_000).rounded(.down)))
    }

    /// The keeper of time for loops that really run.
    package static func timekeeper() -> Timekeeper {
        Timekeeper(clock: ContinuousClock(), wall: now, chance: { Double.random(in: 0..<1) })
    }
}
