import Foundation
package import SpoolCore
package import SpoolPipeline

/// The clocks and the random numbers of the machine: the only place that reads them.
package enum SystemTime {
    /// The local wall clock.
    package static func now() -> Timestamp {
        Timestamp(milliseconds: Int64((Date().timeIntervalSince1970 * 1_000).rounded(.down)))
    }

    /// The clocks and random numbers for loops in production.
    package static func timekeeper() -> Clocks {
        Clocks(clock: ContinuousClock(), wall: now, chance: { Double.random(in: 0..<1) })
    }
}
