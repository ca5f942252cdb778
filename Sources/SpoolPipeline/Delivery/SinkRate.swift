import SpoolCore

/// The rate of a sink under continuous load, in events per second.
///
/// Ten events per minute do not show how much a sink can take, so only stretches count in which the sink is
/// fed without a pause. In a stretch, the rate is the number of events settled between two settlements that
/// are at least three seconds apart. Settlements of batches from before the stretch are ignored, so that
/// neither the grace period of TCP nor a low load before the stretch makes the sink look slow. A measurement
/// is valid for ten minutes, and the highest valid one is the rate, so the pauses of a rate-limited replay do
/// not lower it.
package struct SinkRate: Sendable, Equatable {
    /// The minimum time between two settlements for a measurement.
    package static let span = Duration.seconds(3)
    /// How long a measurement is valid.
    package static let memory = Duration.minutes(10)

    private struct Peak: Sendable, Equatable {
        let at: Duration
        let rate: Double
    }

    /// The valid measurements that are higher than all later ones; the first is the highest.
    private var peaks: [Peak] = []
    /// The first batch of the current stretch; nil while the sink is not fed.
    private var stretch: Int?
    private var began: Duration?
    private var events = 0

    package init() {}

    /// Uses the measurement of an earlier run, valid as long as a new one.
    package mutating func recall(_ rate: Double, at now: Duration) {
        if peaks.isEmpty { note(rate, at: now) }
    }

    /// A batch is sent.
    package mutating func noteFed(batch number: Int) {
        if stretch == nil { stretch = number }
    }

    /// The feeder waits: for events, for capacity, or for a replay's pace.
    package mutating func notePause() {
        stretch = nil
        began = nil
    }

    /// A batch was settled with this many events.
    package mutating func noteSettled(batch number: Int, events count: Int, at now: Duration) {
        guard let stretch, number >= stretch else { return }
        guard let start = began else {
            (began, events) = (now, 0)
            return
        }
        events += count
        guard now - start >= Self.span else { return }
        note(Double(events) / (now - start).inSeconds, at: now)
        (began, events) = (now, 0)
    }

    /// The rate in events per second; nil without a valid measurement.
    package func recent(at now: Duration) -> Double? {
        peaks.first { now - $0.at < Self.memory }?.rate
    }

    private mutating func note(_ rate: Double, at now: Duration) {
        guard rate > 0 else { return }
        peaks.removeAll { now - $0.at >= Self.memory || $0.rate <= rate }
        peaks.append(Peak(at: now, rate: rate))
    }
}

extension Duration {
    var inSeconds: Double {
        let (seconds, attoseconds) = components
        return Double(seconds) + Double(attoseconds) / 1e18
    }
}
