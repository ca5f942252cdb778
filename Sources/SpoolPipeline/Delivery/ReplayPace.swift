package import SpoolCore

/// When a replay may send its next batch, and how large that may be.
///
/// A replay with a configured rate is limited to it. All other replays of a sink with live delivery are
/// together limited to half the sink's measured rate (`SinkRate`). Before a rate was measured, and at a sink
/// without live delivery, they are not limited. A batch contains at most the events of one second, and after
/// it the replay waits for the time that the batch takes at its rate. So in any period a replay sends at most
/// one batch more than its rate allows.
package struct ReplayPace: Sendable, Equatable {
    /// The fraction of a sink's rate that replays get beside live delivery.
    package static let share = 0.5

    /// What a replay may do now.
    package enum Turn: Sendable, Equatable {
        /// It may send at most this many events; nil: a full batch.
        case send(most: Int?)
        /// It may not send before this monotonic time.
        case wait(until: Duration)
    }

    private var rates: [ReplayID: Int] = [:]
    /// When the next batch is due, for each replay with a configured rate, and for all others (nil) together.
    private var due: [ReplayID?: Duration] = [:]

    package init() {}

    /// Sets the replays; only running ones count.
    package mutating func set(_ replays: [Replay]) {
        let running = replays.filter { $0.state == .running }
        rates = Dictionary(running.compactMap { replay in replay.request.rate.map { (replay.id, $0) } }) {
            $1
        }
        due = due.filter { entry in entry.key.map { rates[$0] != nil } ?? true }
    }

    /// The rate of this replay in events per second; nil: it is not limited.
    package func rate(of replay: ReplayID, sinkRate: Double?) -> Double? {
        rates[replay].map(Double.init) ?? sinkRate.map { $0 * Self.share }
    }

    package func turn(of replay: ReplayID, sinkRate: Double?, now: Duration) -> Turn {
        guard let rate = rate(of: replay, sinkRate: sinkRate) else { return .send(most: nil) }
        if let due = due[key(replay)], due > now { return .wait(until: due) }
        return .send(most: max(1, Int(rate)))
    }

    /// A batch of a replay is sent.
    package mutating func noteTaken(_ replay: ReplayID, events: Int, sinkRate: Double?, now: Duration) {
        guard let rate = rate(of: replay, sinkRate: sinkRate) else { return }
        let before = due[key(replay)] ?? now
        due[key(replay)] = max(before, now) + .seconds(Double(events) / rate)
    }

    private func key(_ replay: ReplayID) -> ReplayID? { rates[replay] == nil ? nil : replay }
}
