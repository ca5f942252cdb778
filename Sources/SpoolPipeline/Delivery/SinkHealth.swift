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

    /// From the third on, a notification names the peer that cuts before the grace.
    package var isCutEarly: Bool { cuts >= 3 }

    /// Begins an attempt; a probe when the last ones failed.
    package mutating func begin() { phase = failures == 0 ? .closed : .probing }

    /// Something was settled.
    package mutating func succeeded() {
        self = SinkHealth()
    }

    /// The attempt failed, or its session ended.
    ///
    /// - Returns: the pause before the next attempt.
    package mutating func failed(
        _ fault: SinkFault,
        hadConnected: Bool,
        settledAny: Bool,
        elapsed: Duration,
        chance: Double
    ) -> Duration {
        failures = settledAny ? 1 : failures + 1
        cuts = hadConnected && !settledAny ? cuts + 1 : 0
        isHeld = fault.kind == .misconfigured
        lastFault = fault
        let pause =
            switch fault.kind {
            case .unreachable: RetryPolicy.link.delay(afterFailures: failures, chance: chance)
            case .throttled(let asked): min(max(asked, .seconds(1)), .seconds(900)) + .seconds(1) * chance
            case .misconfigured: RetryPolicy.setting.delay(afterFailures: failures, chance: chance)
            }
        phase = .open(until: elapsed + pause)
        return pause
    }
}
