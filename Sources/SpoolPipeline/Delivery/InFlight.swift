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
    /// Bytes settled in the session.
    private var settledBytes: Int64 = 0

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

    /// True when this session was given a batch.
    package var hasBegun: Bool { next > 0 }

    /// Which batch a session speaks of.
    package enum Match: Sendable, Equatable {
        /// The oldest one under way, with this many events.
        case head(count: Int)
        /// One that was dropped before the session was given it: what it says does not count.
        case stale
        /// One that is not its turn, or that it never was given: no session may do that.
        case outOfOrder
    }

    /// Finds the batch a session speaks of.
    package func match(_ number: Int) -> Match {
        guard let head = sent.first else { return (0..<next).contains(number) ? .stale : .outOfOrder }
        if head.number == number { return .head(count: head.seqs.count) }
        return (0..<head.number).contains(number) ? .stale : .outOfOrder
    }

    /// Takes the oldest batch, if it is the one that was settled.
    package mutating func settle(_ settled: SettledBatch) -> SettledLane? {
        guard case .head = match(settled.batch), let head = sent.popFirst() else { return nil }
        events -= head.seqs.count
        settledBytes += Int64(settled.bytes)
        return SettledLane(
            head,
            runs: settled.runs,
            bytes: settled.bytes,
            cut: settled.cut,
            position: settledBytes
        )
    }

    /// The end of what is under way in a lane.
    package func through(_ lane: Lane) -> Seq? { sent.last { $0.lane == lane }?.through }

    /// Forgets everything that is under way.
    package mutating func dropAll() {
        sent.removeAll()
        events = 0
    }
}
