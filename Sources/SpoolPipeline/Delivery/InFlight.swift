import DequeModule
package import SpoolCore

/// The batches a session was given and has not settled, oldest first; and what their settling writes.
///
/// It holds numbers, never lines: what must go again is read again from the spool.
package struct InFlight: Sendable {
    /// A batch under way.
    package struct Sent: Sendable {
        let number: Int
        let lane: Lane
        let stream: StreamID
        let seqs: [Int64]
        let breaks: [Int]
        let through: Seq
        let attempts: Int
        let at: Timestamp
    }

    private var sent: Deque<Sent> = []
    private var next = 0
    /// Events under way.
    package private(set) var events = 0

    package init() {}

    package var isEmpty: Bool { sent.isEmpty }

    package var batches: Int { sent.count }

    /// Notes a batch before it is sent.
    ///
    /// - Returns: its number within the session.
    package mutating func begin(_ batch: LaneBatch, attempts: Int, at: Timestamp) -> Int {
        defer { next += 1 }
        events += batch.events.count
        sent.append(
            Sent(
                number: next,
                lane: batch.lane,
                stream: batch.events.stream,
                seqs: batch.events.seqs,
                breaks: batch.events.breaks,
                through: batch.through,
                attempts: attempts,
                at: at
            )
        )
        return next
    }

    /// True when the oldest batch holds a single event.
    package var headIsSingle: Bool { sent.first?.seqs.count == 1 }

    /// How many events the oldest batch holds.
    package var headCount: Int { sent.first?.seqs.count ?? 0 }

    /// Takes the oldest batch, which must be the one that was settled.
    ///
    /// - Returns: nil when the session settles out of order, which no session may.
    package mutating func settle(_ settled: SettledBatch) -> SettledLane? {
        guard let head = sent.first, head.number == settled.batch else { return nil }
        sent.removeFirst()
        events -= head.seqs.count
        return SettledLane(head, runs: settled.runs, bytes: settled.bytes)
    }

    /// The oldest batch as if each of its events had met `outcome`.
    package mutating func settleHead(as outcome: Outcome) -> SettledLane? {
        guard let head = sent.first else { return nil }
        let run = OutcomeRun(count: head.seqs.count, outcome: outcome)
        return settle(SettledBatch(batch: head.number, runs: [run], bytes: 0))
    }

    /// True while a lane has batches under way.
    package func contains(_ lane: Lane) -> Bool { sent.contains { $0.lane == lane } }

    /// Forgets everything that is under way.
    package mutating func dropAll() {
        sent.removeAll()
        events = 0
    }
}

/// A settled batch in the terms of the ledger.
package struct SettledLane: Sendable {
    package let lane: Lane
    /// Rows of the ledger, without their connection and time.
    package let runs: [Run]
    /// Everything of the lane up to here has a final outcome.
    package let through: Seq
    /// True when an event is to be sent again: the watermark stops in front of it.
    package let hasRetry: Bool
    package let stream: StreamID
    package let attempts: Int
    package let sentAt: Timestamp

    /// Consecutive events with one outcome and nothing of the stream left out between them.
    package struct Run: Sendable, Equatable {
        package var first: Seq
        package var last: Seq
        package var events: Int
        package var bytes: Int
        package let outcome: Outcome
    }

    init(_ sent: InFlight.Sent, runs outcomes: [OutcomeRun], bytes: Int) {
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
                hasRetry = outcome.count > 0
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
                        outcome: outcome.outcome
                    )
                )
                index += length
                remaining -= length
            }
        }
        self.runs = runs
        self.hasRetry = hasRetry || index < count
        // With a retry in it, everything in front of that event is final, skipped ones included.
        through = self.hasRetry ? Seq(sent.seqs[index] - 1) : sent.through
    }

    /// The bytes of a part of a batch, so that the parts add up to the whole.
    private static func share(_ bytes: Int, from index: Int, count: Int, of total: Int) -> Int {
        guard total > 0 else { return 0 }
        return bytes * (index + count) / total - bytes * index / total
    }
}
