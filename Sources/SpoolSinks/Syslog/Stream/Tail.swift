import DequeModule
import SpoolCore

/// What was written to a stream and is not settled yet: no lines, only where each batch ends.
///
/// A batch is settled when the peer's kernel has acknowledged it **and** either the grace has passed since, or
/// so many more bytes have been acknowledged that the peer must have read it, or the peer ended the stream in
/// order (`concluded`). Batches settle in the order of writing. It looks at no clock and no socket.
struct Tail {
    /// A batch that was written.
    struct Entry {
        let batch: SettledBatch
        /// Bytes on the wire when its last byte was written; under TLS those of the records.
        let end: Int
        /// When its acknowledgement was first seen.
        var acknowledged: ContinuousClock.Instant?
    }

    /// How long a connection must hold after an acknowledgement: a peer that dies with unread data resets it.
    static let defaultGrace = Duration.seconds(2)
    /// More than a peer's receive buffer holds (Linux lets one grow to 6 MiB, Windows to 16 MiB): what lies so
    /// far back has left it and was read.
    static let readAhead = 32 << 20

    private let grace: Duration
    private let readAhead: Int
    private var entries: Deque<Entry> = []
    /// Bytes of its batches, as the sender counts them.
    private(set) var bytes = 0

    init(grace: Duration = defaultGrace, readAhead: Int = Tail.readAhead) {
        self.grace = grace
        self.readAhead = readAhead
    }

    var isEmpty: Bool { entries.isEmpty }

    /// True while something is not even acknowledged.
    var awaitsAcknowledgement: Bool { entries.last.map { $0.acknowledged == nil } ?? false }

    /// Notes a batch that was written, up to `end` bytes on the wire.
    mutating func wrote(_ batch: SettledBatch, end: Int) {
        entries.append(Entry(batch: batch, end: end))
        bytes += batch.bytes
    }

    /// Takes what the kernel says and gives back what is settled by it.
    mutating func observe(acknowledged: Int, at now: ContinuousClock.Instant) -> [SettledBatch] {
        for index in entries.indices where entries[index].acknowledged == nil {
            guard entries[index].end <= acknowledged else { break }
            entries[index].acknowledged = now
        }
        var settled: [SettledBatch] = []
        while let first = entries.first, let since = first.acknowledged,
            since.advanced(by: grace) <= now || acknowledged - first.end >= readAhead
        {
            settled.append(first.batch)
            entries.removeFirst()
            bytes -= first.batch.bytes
        }
        return settled
    }

    /// The peer ended the stream in order and nothing is left in the send queue: all of it was read.
    mutating func concluded() -> [SettledBatch] {
        defer {
            entries.removeAll()
            bytes = 0
        }
        return entries.map(\.batch)
    }

    /// When the grace of the oldest batch is over; nil when it is not even acknowledged, or there is none.
    var nextDue: ContinuousClock.Instant? {
        entries.first?.acknowledged?.advanced(by: grace)
    }
}
