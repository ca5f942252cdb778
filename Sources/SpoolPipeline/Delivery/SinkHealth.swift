package import SpoolCore

/// The health of a sink: backoff and circuit breaker as a value; time and random numbers are arguments.
///
/// A success closes the breaker and resets the backoff. A connection that ends before anything was settled is
/// a failed attempt, regardless of what was written.
package struct SinkHealth: Sendable, Equatable {
    package enum Phase: Sendable, Equatable {
        case closed
        /// Nothing is sent before `until`; the next session is a probe.
        case open(until: Duration)
        /// The session sends only the head batch until that is settled.
        case probing
    }

    package private(set) var phase: Phase = .closed
    /// The number of consecutive failures.
    package private(set) var failures = 0
    /// The number of consecutive connections that were closed before anything was settled.
    package private(set) var cuts = 0
    /// True while the fault is a wrong setting or a mass refusal.
    package private(set) var isHeld = false
    package private(set) var lastFault: SinkFault?

    package init() {}

    /// True from the third cut on: the peer closes connections before the grace period is over.
    package private(set) var isCutEarly = false

    /// Starts an attempt; a probe if the last attempt failed.
    package mutating func begin() { phase = failures == 0 ? .closed : .probing }

    /// Something was settled.
    package mutating func noteSuccess() {
        self = SinkHealth()
    }

    /// How far an attempt progressed before it failed.
    package enum Reached: Sendable, Equatable {
        /// No connection.
        case nothing
        /// A connection over which nothing was sent.
        case connection
        /// Something was sent, but nothing settled.
        case sending
        /// Something was settled.
        case settling
    }

    /// The attempt failed, or its session ended.
    ///
    /// `inARow` is the number of consecutive connections, including this one, that ended soon after something
    /// was settled over them.
    ///
    /// - Returns: the pause before the next attempt.
    package mutating func noteFailure(
        _ fault: SinkFault,
        reached: Reached,
        inARow: Int = 0,
        elapsed: Duration,
        chance: Double
    ) -> Duration {
        failures = reached == .settling ? max(1, inARow) : failures + 1
        switch reached {
        case .settling: cuts = 0
        case .sending: cuts = fault.kind == .unreachable ? cuts + 1 : 0
        case .nothing, .connection: break
        }
        isCutEarly = reached == .sending && cuts >= 3
        isHeld = fault.kind == .misconfigured
        lastFault = fault
        let backoff = RetryPolicy.link.delay(afterFailures: failures, chance: chance)
        let pause =
            switch fault.kind {
            case .unreachable: backoff
            case .throttled(let asked):
                max(min(max(asked, .seconds(1)), .seconds(900)) + .seconds(chance), backoff)
            case .misconfigured: RetryPolicy.setting.delay(afterFailures: failures, chance: chance)
            }
        phase = .open(until: elapsed + pause)
        return pause
    }
}
