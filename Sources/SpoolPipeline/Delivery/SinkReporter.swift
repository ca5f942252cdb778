package import SpoolCore

/// Stores a sink's state in the spool for `status`.
struct SinkReporter: Sendable {
    let sink: SinkID
    let store: any DeliveryStore
    let time: Clocks
    /// The sink's address, for the text of a suspicion.
    let address: String

    /// A connection is open; after failures, the last one stays visible until something is settled or proved.
    func reportConnection(_ health: SinkHealth, _ suspicion: Suspicion, isHeld: Bool, message: String?)
        async throws(StoreError)
    {
        try await report(
            SinkReport(
                state: isHeld ? .held : .connected,
                lastError: health.failures > 0 ? message : nil,
                attempts: health.failures,
                at: time.wall(),
                cuts: health.isCutEarly ? health.cuts : 0,
                suspicion: suspicion.text(address),
                isProved: suspicion.isProved
            )
        )
    }

    /// Something was settled after failures, or a suspicion turned out to be unfounded (`isProved`).
    func reportRecovery(isProved: Bool) async throws(StoreError) {
        let now = time.wall()
        try await report(SinkReport(state: .connected, lastSuccess: now, at: now, isProved: isProved))
    }

    /// A connection has stayed open while there was nothing to send: the failures before it are resolved.
    func reportProof() async throws(StoreError) {
        try await report(SinkReport(state: .connected, at: time.wall()))
    }

    /// An attempt failed.
    func reportFailure(
        _ health: SinkHealth,
        _ suspicion: Suspicion,
        isHeld: Bool,
        message: String,
        pause: Duration
    ) async throws(StoreError) {
        let now = time.wall()
        try await report(
            SinkReport(
                state: isHeld ? .held : .retrying,
                lastError: message,
                attempts: health.failures,
                retryAt: now + pause,
                at: now,
                cuts: health.isCutEarly ? health.cuts : 0,
                suspicion: suspicion.text(address),
                isProved: suspicion.isProved
            )
        )
    }

    private func report(_ report: SinkReport) async throws(StoreError) {
        do throws(StoreError) {
            try await store.report(report, of: sink)
        } catch {
            // A full disk must not stop a drain that would free it.
            guard error.isPassing else { throw error }
        }
    }
}

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
