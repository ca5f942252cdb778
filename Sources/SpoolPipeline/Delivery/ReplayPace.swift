package import SpoolCore

/// When a replay may send its next batch, and how much that may hold.
///
/// A replay with a rate of its own keeps to it. One without keeps, where live delivery goes on beside it, to half
/// of what the sink takes (`SinkRate`), all of them together; before that was measured, and where nothing live
/// goes to the sink, it is not held back. A batch holds at most one second's worth, and after it the replay waits for as
/// long as the batch stands for: in no time does it send more than its rate allows and one batch.
package struct ReplayPace: Sendable, Equatable {
    /// The share of what a sink takes that replays beside live delivery get.
    package static let share = 0.5

    /// What a replay may do now.
    package enum Turn: Sendable, Equatable {
        /// It may send so many events; nil: as many as a batch holds.
        case send(most: Int?)
        /// Not before this, by the monotonic clock.
        case wait(until: Duration)
    }

    private var rates: [ReplayID: Int] = [:]
    /// When the next batch is due: of a replay with a rate of its own, and of all others (nil) together.
    private var due: [ReplayID?: Duration] = [:]

    package init() {}

    /// Sets the replays that run.
    package mutating func set(_ replays: [Replay]) {
        let running = replays.filter { $0.state == .running }
        rates = Dictionary(running.compactMap { replay in replay.request.rate.map { (replay.id, $0) } }) {
            $1
        }
        due = due.filter { entry in entry.key.map { rates[$0] != nil } ?? true }
    }

    /// Events a second for this replay; nil: it is not held back.
    package func rate(of replay: ReplayID, sinkRate: Double?) -> Double? {
        rates[replay].map(Double.init) ?? sinkRate.map { $0 * Self.share }
    }

    package func turn(of replay: ReplayID, sinkRate: Double?, now: Duration) -> Turn {
        guard let rate = rate(of: replay, sinkRate: sinkRate) else { return .send(most: nil) }
        if let due = due[key(replay)], due > now { return .wait(until: due) }
        return .send(most: max(1, Int(rate)))
    }

    /// A batch of a replay goes out.
    package mutating func took(_ replay: ReplayID, events: Int, sinkRate: Double?, now: Duration) {
        guard let rate = rate(of: replay, sinkRate: sinkRate) else { return }
        let before = due[key(replay)] ?? now
        due[key(replay)] = max(before, now) + .seconds(Double(events) / rate)
    }

    private func key(_ replay: ReplayID) -> ReplayID? { rates[replay] == nil ? nil : replay }
}
