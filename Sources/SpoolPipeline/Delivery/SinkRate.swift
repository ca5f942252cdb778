import SpoolCore

/// What a sink takes, in events a second, while it is fed without a pause.
///
/// A sink that was given ten events a minute has shown nothing of what it can take: only stretches count in which
/// one batch followed the other. In them the rate is what was settled between two settlements at least three seconds
/// apart; the settlements of batches from before the stretch are left out, so that neither TCP's grace nor a trickle
/// before it makes the sink look slow. What was measured counts for ten minutes, and the greatest of it is the rate: the
/// pauses of a replay that is held back bring no measurement, and no lower one.
package struct SinkRate: Sendable, Equatable {
    /// The least time between two settlements from which a rate is made.
    package static let span = Duration.seconds(3)
    /// So long a measurement counts.
    package static let memory = Duration.minutes(10)

    private struct Peak: Sendable, Equatable {
        let at: Duration
        let rate: Double
    }

    /// Of the measurements that count, those that none after them reaches; the first is the greatest.
    private var peaks: [Peak] = []
    /// The first batch of the stretch; nil while the sink is not fed.
    private var stretch: Int?
    private var began: Duration?
    private var events = 0

    package init() {}

    /// Takes over what an earlier run measured, for as long as one of its own counts.
    package mutating func recall(_ rate: Double, at now: Duration) {
        if peaks.isEmpty { note(rate, at: now) }
    }

    /// A batch is sent.
    package mutating func fed(batch number: Int) {
        if stretch == nil { stretch = number }
    }

    /// The feeder waits: for work, for room, or for a replay's pace.
    package mutating func paused() {
        stretch = nil
        began = nil
    }

    /// A batch was settled with so many events.
    package mutating func settled(batch number: Int, events count: Int, at now: Duration) {
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

    /// Events a second; nil when nothing was measured lately.
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
