import DequeModule
package import SpoolCore

/// The batches that a session was given and has not settled, oldest first.
///
/// It contains numbers, never lines: batches that must be sent again are read again from the spool.
package struct InFlight: Sendable {
    /// A batch in flight.
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
    /// The number of events in flight.
    package private(set) var events = 0
    /// The bytes settled in the session.
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

    /// True once the session was given a batch.
    package var hasBegun: Bool { next > 0 }

    /// Which batch a session's report refers to.
    package enum Match: Sendable, Equatable {
        /// The oldest batch in flight, with this many events.
        case head(count: Int)
        /// A batch that was dropped before it was settled: the report is ignored.
        case stale
        /// A batch that is not the oldest, or that the session was never given: a violation of the contract.
        case outOfOrder
    }

    /// Finds the batch that a session's report refers to.
    package func match(_ number: Int) -> Match {
        guard let head = sent.first else { return (0..<next).contains(number) ? .stale : .outOfOrder }
        if head.number == number { return .head(count: head.seqs.count) }
        return (0..<head.number).contains(number) ? .stale : .outOfOrder
    }

    /// Removes and returns the oldest batch, if it is the one that was settled.
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

    /// The end of the last batch in flight of a lane; nil if there is none.
    package func through(_ lane: Lane) -> Seq? { sent.last { $0.lane == lane }?.through }

    /// Forgets all batches in flight.
    package mutating func dropAll() {
        sent.removeAll()
        events = 0
    }
}

/// How often the unsettled events of a lane were sent.
///
/// The counts are kept per range, one for each batch in flight; settled events are forgotten.
struct Attempts: Sendable, Equatable {
    private struct Stretch: Sendable, Equatable {
        var first: Seq
        var last: Seq
        var count: Int
    }

    private var stretches: [Stretch] = []

    /// Notes that the events from `first` to `last` are sent.
    ///
    /// - Returns: the highest send count among them, including this time.
    mutating func send(first: Seq, last: Seq) -> Int {
        let known = stretches.filter { $0.last >= first && $0.first <= last }.map(\.count).max() ?? 0
        stretches.removeAll { $0.first >= first && $0.last <= last }
        stretches.append(Stretch(first: first, last: last, count: known + 1))
        return known + 1
    }

    /// Forgets the events up to `through`: they have their final outcomes.
    mutating func settle(through: Seq) {
        stretches.removeAll { $0.last <= through }
    }
}

/// The settlements of a connection that are acknowledged by the receiver's kernel but not yet proved to be
/// read.
///
/// Bytes that are more than `bytes` before the last settlement have left the receiver's kernel. For the rest,
/// the window knows the monotonic time since which they have been waiting for a proof.
struct DoubtWindow: Sendable {
    /// The settlements of about one second, with their earliest time and last position.
    private struct Mark: Sendable {
        let at: Duration
        var position: Int64
    }

    private let bytes: Int64
    private var marks: Deque<Mark> = []

    init(bytes: Int64 = 0) { self.bytes = bytes }

    /// The time of the oldest unproved settlement; nil when everything is proved.
    var oldest: Duration? { marks.first?.at }

    /// Notes a settlement.
    ///
    /// - Parameters:
    ///   - position: the bytes settled over the connection, including this settlement.
    ///   - elapsed: the monotonic time of the settlement.
    /// - Returns: true when this settlement proves an older one.
    mutating func settle(upTo position: Int64, at elapsed: Duration) -> Bool {
        guard bytes > 0 else { return false }
        if let last = marks.last, elapsed - last.at < .seconds(1) {
            marks[marks.count - 1].position = position
        } else {
            marks.append(Mark(at: elapsed, position: position))
        }
        let before = marks.count
        while let first = marks.first, first.position <= position - bytes { marks.removeFirst() }
        return marks.count < before
    }
}
