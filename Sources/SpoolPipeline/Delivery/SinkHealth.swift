package import SpoolCore

/// How a sink is doing: backoff and breaker as a value; time and chance come in as arguments.
///
/// A success closes the breaker and resets the backoff. A connection that ends before it settled anything is
/// a failed attempt, whatever was written.
package struct SinkHealth: Sendable, Equatable {
    package enum Phase: Sendable, Equatable {
        case closed
        /// Nothing is sent before `until`; the next session then is a probe.
        case open(until: Duration)
        /// A session that carries only the head batch until that is settled.
        case probing
    }

    package private(set) var phase: Phase = .closed
    /// Failures in a row.
    package private(set) var failures = 0
    /// Connections in a row that were cut before they settled anything.
    package private(set) var cuts = 0
    /// True while the fault is the sink's settings or its mass refusal.
    package private(set) var isHeld = false
    package private(set) var lastFault: SinkFault?

    package init() {}

    /// True after the third cut and every further one: the peer ends connections before the grace is over.
    package private(set) var isCutEarly = false

    /// Begins an attempt; a probe when the last ones failed.
    package mutating func begin() { phase = failures == 0 ? .closed : .probing }

    /// Something was settled.
    package mutating func succeeded() {
        self = SinkHealth()
    }

    /// How far an attempt came before it failed.
    package enum Reached: Sendable, Equatable {
        /// No connection.
        case nothing
        /// A connection on which nothing was sent.
        case connection
        /// Something was sent, and nothing settled.
        case sending
        /// Something was settled.
        case settling
    }

    /// The attempt failed, or its session ended; `inARow` connections, this one included, ended soon after they settled
    /// something.
    ///
    /// - Returns: the pause before the next attempt.
    package mutating func failed(
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
