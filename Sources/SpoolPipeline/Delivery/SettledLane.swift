package import SpoolCore

/// A settled batch in the terms of the ledger.
package struct SettledLane: Sendable {
    package let lane: Lane
    /// The ledger rows, without connection and time.
    package let runs: [Run]
    /// Everything of the lane up to here has a final outcome.
    package let through: Seq
    /// True when an event must be sent again: the watermark stops before it.
    package let hasRetry: Bool
    package let stream: StreamID
    package let attempts: Int
    package let sentAt: Timestamp
    /// The bytes settled in the session up to the end of this batch.
    package let position: Int64

    /// Consecutive events with the same outcome; the range contains every event of the stream.
    package struct Run: Sendable, Equatable {
        package var first: Seq
        package var last: Seq
        package var events: Int
        package var bytes: Int
        package let outcome: Outcome
        /// The events whose message was shortened for sending.
        package var cut: [Seq] = []
    }

    /// True when the receiver has accepted at least one of its events, or already had it.
    package var isAccepted: Bool { runs.contains { $0.outcome.isThere } }

    /// True when the receiver refuses at least one of its events.
    package var isRefused: Bool { runs.contains { $0.outcome.isRefusedByReceiver } }

    /// True when at least one of its outcomes comes from the receiver.
    var isAnswer: Bool { runs.contains { !$0.outcome.isLocal } }

    /// True when at least one of its events is acknowledged only by the receiver's kernel.
    var isByKernel: Bool { runs.contains { $0.outcome == .delivered(.kernel) } }

    init(_ sent: InFlight.Sent, runs outcomes: [OutcomeRun], bytes: Int, cut: [Int], position: Int64) {
        self.position = position
        lane = sent.lane
        stream = sent.stream
        attempts = sent.attempts
        sentAt = sent.at
        let count = sent.seqs.count
        var runs: [Run] = []
        var index = 0
        var hasRetry = false
        for outcome in outcomes where !hasRetry {
            if outcome.outcome == .retry {
                hasRetry = outcome.count > 0 && index < count
                continue
            }
            var remaining = min(outcome.count, count - index)
            while remaining > 0 {
                let nextBreak = sent.breaks.first { $0 > index } ?? count
                let length = min(remaining, nextBreak - index)
                runs.append(
                    Run(
                        first: Seq(sent.seqs[index]),
                        last: Seq(sent.seqs[index + length - 1]),
                        events: length,
                        bytes: Self.share(bytes, from: index, count: length, of: count),
                        outcome: outcome.outcome,
                        cut: cut.filter { (index..<index + length).contains($0) }.map { Seq(sent.seqs[$0]) }
                    )
                )
                index += length
                remaining -= length
            }
        }
        self.runs = runs
        self.hasRetry = hasRetry || index < count
        // With a retry, everything before that event is final, including skipped events.
        through = self.hasRetry ? Seq(sent.seqs[index] - 1) : sent.through
    }

    /// The part before the receiver's first refusal; the rest must be sent again.
    package func beforeRefusal() -> SettledLane {
        guard let index = runs.firstIndex(where: { $0.outcome.isRefusedByReceiver }) else { return self }
        return SettledLane(self, runs: Array(runs[..<index]), through: Seq(runs[index].first.value - 1))
    }

    private init(_ whole: SettledLane, runs: [Run], through: Seq) {
        lane = whole.lane
        stream = whole.stream
        attempts = whole.attempts
        sentAt = whole.sentAt
        position = whole.position
        self.runs = runs
        self.through = through
        hasRetry = true
    }

    /// The bytes of a part of a batch, rounded so that the parts add up to the total.
    private static func share(_ bytes: Int, from index: Int, count: Int, of total: Int) -> Int {
        guard total > 0 else { return 0 }
        return bytes * (index + count) / total - bytes * index / total
    }
}

extension Outcome {
    var isRefused: Bool {
        if case .refused = self { return true }
        return false
    }

    /// True for an event that spool did not send.
    var isLocal: Bool {
        if case .refused(let refusal) = self { return refusal.isLocal }
        return false
    }

    var isRefusedByReceiver: Bool { isRefused && !isLocal }
}
