import Synchronization

package import SpoolCore

/// All that the loops know of time and chance, injected at the composition root.
package struct Timekeeper: Sendable {
    /// Monotonic time since some fixed point; the only clock that decides.
    package let elapsed: @Sendable () -> Duration
    /// The local wall clock, for columns such as `fetched_ms`, and a witness of the source's time (`SourceClock`); it
    /// decides nothing else.
    package let wall: @Sendable () -> Timestamp
    /// A number in 0 ..< 1, for jitter.
    package let chance: @Sendable () -> Double
    private let pause: @Sendable (Duration) async throws -> Void

    package init<C: Clock>(
        clock: C,
        wall: @escaping @Sendable () -> Timestamp,
        chance: @escaping @Sendable () -> Double
    ) where C.Duration == Duration {
        let origin = clock.now
        elapsed = { origin.duration(to: clock.now) }
        pause = { try await clock.sleep(for: $0, tolerance: nil) }
        self.wall = wall
        self.chance = chance
    }

    /// Waits until one of the signals changes after the version noted, or until the time is up (nil: no end);
    /// returns early when the task is cancelled.
    package func wait(_ duration: Duration?, or watches: Watch...) async {
        await wait(duration, or: watches)
    }

    /// The same with any number of signals.
    package func wait(_ duration: Duration?, or watches: [Watch]) async {
        await withTaskGroup(of: Void.self) { group in
            for watch in watches {
                group.addTask { await watch.signal.changed(after: watch.version) }
            }
            if let duration {
                group.addTask { [pause] in
                    // Cancelled by the group when a signal came first.
                    try? await pause(duration)
                }
            }
            await group.next()
            group.cancelAll()
        }
    }
}

/// A signal with the version that was current before its reason was looked at.
package struct Watch: Sendable {
    package let signal: Signal
    package let version: Int

    package init(_ signal: Signal) {
        self.signal = signal
        version = signal.version
    }

    /// True when the signal was given since.
    var isDue: Bool { signal.version > version }

    /// Watches for a stop from its making on: however late the watch begins, it misses nothing.
    package init(_ stop: Stop) {
        signal = stop.signal
        version = 0
    }
}
