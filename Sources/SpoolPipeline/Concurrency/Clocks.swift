package import SpoolCore
import Synchronization

/// The clocks and the random numbers of the loops, injected at the composition root.
package struct Clocks: Sendable {
    /// Monotonic time since a fixed point; the only clock on which decisions are based.
    package let elapsed: @Sendable () -> Duration
    /// The local wall clock.
    ///
    /// It is used for columns such as `fetched_ms`, and to check the source's time (`SourceClock`), but for
    /// no other decision.
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

    /// Waits until one of the signals changes after the noted version, until the time is up (nil: no limit),
    /// or until the task is cancelled.
    package func wait(_ duration: Duration?, or watches: SeenVersion...) async {
        await wait(duration, or: watches)
    }

    /// The same with any number of signals.
    package func wait(_ duration: Duration?, or watches: [SeenVersion]) async {
        var waits: [@Sendable () async -> Void] = watches.map { watch in
            { await watch.signal.changed(after: watch.version) }
        }
        if let duration {
            // Cancelled when a signal comes first.
            waits.append { [pause] in try? await pause(duration) }
        }
        await race(waits)
    }
}

/// A signal with the version that was current before the state it announces was checked.
package struct SeenVersion: Sendable {
    package let signal: ChangeSignal
    package let version: Int

    package init(_ signal: ChangeSignal) {
        self.signal = signal
        version = signal.version
    }

    /// True when the signal has been notified since.
    var isDue: Bool { signal.version > version }

    /// Watches for a stop; one that was requested before is not missed.
    package init(_ stop: ShutdownRequest) {
        signal = stop.signal
        version = 0
    }
}

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
