import DequeModule
import SpoolCore

/// The batches that were written to a stream and are not settled yet: only their end positions, no lines.
///
/// A batch settles when the peer's kernel has acknowledged it **and** one of these holds: the grace period
/// has passed since, so many more bytes have been acknowledged that the peer must have read it, or the peer
/// ended the stream cleanly (`concluded`). Batches settle in the order of writing. The type reads no clock
/// and no socket.
struct UnsettledWindow {
    /// A batch that was written.
    struct Entry {
        let batch: SettledBatch
        /// Bytes on the wire when its last byte was written; under TLS those of the TLS records.
        let end: Int
        /// When its acknowledgement was first observed.
        var acknowledged: ContinuousClock.Instant?
    }

    /// How long a connection must last after an acknowledgement: a peer that dies with unread data resets it.
    static let defaultGrace = Duration.seconds(2)
    /// More than a peer's receive buffer holds (up to 6 MiB on Linux, 16 MiB on Windows): bytes this far back
    /// were read.
    static let readAhead = 32 << 20

    private let grace: Duration
    private let readAhead: Int
    private var entries: Deque<Entry> = []
    /// Bytes of the batches, as counted by the sender.
    private(set) var bytes = 0

    init(grace: Duration = defaultGrace, readAhead: Int = UnsettledWindow.readAhead) {
        self.grace = grace
        self.readAhead = readAhead
    }

    var isEmpty: Bool { entries.isEmpty }

    /// True while a batch has not been acknowledged.
    var awaitsAcknowledgement: Bool { entries.last.map { $0.acknowledged == nil } ?? false }

    /// Adds a batch that was written up to `end` bytes on the wire.
    mutating func wrote(_ batch: SettledBatch, end: Int) {
        entries.append(Entry(batch: batch, end: end))
        bytes += batch.bytes
    }

    /// Takes the kernel's count of acknowledged bytes and returns the batches that it settles.
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

    /// The peer ended the stream cleanly and the send queue is empty: everything was read.
    mutating func concluded() -> [SettledBatch] {
        defer {
            entries.removeAll()
            bytes = 0
        }
        return entries.map(\.batch)
    }

    /// The end of the oldest batch's grace period; nil when it is not acknowledged, or there is none.
    var nextDue: ContinuousClock.Instant? {
        entries.first?.acknowledged?.advanced(by: grace)
    }
}
