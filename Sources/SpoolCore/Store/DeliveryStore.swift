/// The part of the spool that the delivery loop uses.
package protocol DeliveryStore: Sendable {
    /// The subscriptions of a sink that may be drained, with their watermarks.
    func subscriptions(of sink: SinkID) async throws(StoreError) -> [Subscription]

    /// The next events of a stream after `after`, in `seq` order, in one short read; nil when there are none.
    ///
    /// Live batches have no breaks: they contain every event of the stream in their range.
    func batch(of stream: StreamID, after: Seq, limit: BatchLimit, raw: Bool) async throws(StoreError)
        -> EventBatch?

    /// Writes ledger rows, watermarks, replay positions and dead letters in one transaction; durable on
    /// return.
    ///
    /// A watermark only increases; dead letters of events that are now `delivered` or `already` are removed.
    func settle(_ commit: DeliveryCommit) async throws(StoreError)

    /// Records an opened connection, with the sink's `KernelDoubt.bytes`, which apply to the whole
    /// connection.
    ///
    /// The id was never used by another connection; 0 when the sink was removed meanwhile.
    func opened(_ sink: SinkID, address: String, transport: String, doubtBytes: Int64, at: Timestamp)
        async throws(StoreError) -> ConnectionID

    /// Records how a connection of `sink` ended.
    ///
    /// A clean end proves that its rows with evidence `kernel` were read. An unclean end makes those rows
    /// doubtful whose bytes are within the last `doubtBytes` settled over the connection, however long ago. A
    /// connection that has already ended, or that belongs to another sink, is left unchanged.
    func closed(_ connection: ConnectionID, of sink: SinkID, clean: Bool, at: Timestamp)
        async throws(StoreError)

    /// Stores a sink's state for `status` and the views.
    func report(_ state: SinkReport, of sink: SinkID) async throws(StoreError)
}

/// A subscription: a sink's position in one stream.
package struct Subscription: Sendable, Equatable {
    package let id: SubscriptionID
    package let stream: StreamID
    package let name: StreamName
    package let watermark: Seq

    package init(id: SubscriptionID, stream: StreamID, name: StreamName, watermark: Seq) {
        self.id = id
        self.stream = stream
        self.name = name
        self.watermark = watermark
    }
}

/// A ledger row to be written; it covers every event of one stream from `first` to `last`.
package struct LedgerEntry: Sendable, Equatable {
    package var stream: StreamID
    /// Nil for live delivery.
    package var replay: ReplayID?
    package var connection: ConnectionID?
    package var first: Seq
    package var last: Seq
    /// Final outcomes only.
    package var outcome: Outcome
    /// The number of events of the stream in the range.
    package var events: Int
    package var bytes: Int
    /// The events of the range whose message was shortened for sending, in order.
    package var cut: [Seq] = []
    /// How often these events were sent, including this time.
    package var attempts: Int
    package var sent: Timestamp
    package var settled: Timestamp
    /// Bytes settled over the connection up to the end of this row, over all lanes; 0 without a connection.
    package var position: Int64 = 0

    package init(
        stream: StreamID,
        first: Seq,
        last: Seq,
        outcome: Outcome,
        events: Int,
        bytes: Int,
        attempts: Int,
        sent: Timestamp,
        settled: Timestamp
    ) {
        self.stream = stream
        self.first = first
        self.last = last
        self.outcome = outcome
        self.events = events
        self.bytes = bytes
        self.attempts = attempts
        self.sent = sent
        self.settled = settled
    }
}

/// All changes of one settling transaction.
package struct DeliveryCommit: Sendable {
    package var sink: SinkID
    /// In the order of sending.
    ///
    /// An entry with outcome `refused` becomes dead letters, one per event.
    package var entries: [LedgerEntry] = []
    package var watermarks: [SubscriptionID: Seq] = [:]
    package var replayPositions: [ReplayPosition] = []
    /// The measured rate of the sink under continuous load, in events per second.
    package var rate: Double?
    package var at: Timestamp

    package init(sink: SinkID, at: Timestamp) {
        self.sink = sink
        self.at = at
    }

    package var isEmpty: Bool { entries.isEmpty && watermarks.isEmpty && replayPositions.isEmpty }
}

/// The progress of a replay in one stream.
package struct ReplayPosition: Sendable, Equatable {
    package let replay: ReplayID
    package let stream: StreamID
    /// Everything of the replay up to here has a final outcome.
    package let position: Seq
    /// Events sent and settled since the previous position.
    package let sent: Int

    package init(replay: ReplayID, stream: StreamID, position: Seq, sent: Int) {
        self.replay = replay
        self.stream = stream
        self.position = position
        self.sent = sent
    }
}

/// A sink's state (`sink.state`), in the terms of `status`.
package struct SinkReport: Sendable, Equatable {
    package enum State: String, Sendable, Codable {
        /// Never connected yet.
        case created
        case connected
        /// Not connected, retrying; `status` shows `connection error` after 2 h and `disconnected` after 12
        /// h.
        case retrying
        /// Misconfigured, or it rejects too many events: waits for a successful probe.
        case held
        /// No longer in the configuration.
        case disabled
    }

    package var state: State
    /// The last failure; nil after a success.
    package var lastError: String?
    /// Failed attempts since the last success.
    package var attempts: Int
    /// When the next attempt is due.
    package var retryAt: Timestamp?
    /// Set when something was settled.
    package var lastSuccess: Timestamp?
    /// When this was observed: the state has been true since the first report of it.
    package var at: Timestamp?
    /// Consecutive connections that broke before what was sent could be settled; 0 below three.
    package var cuts: Int
    /// Why the ends of its connections suggest that the receiver does not read what its kernel accepts; nil:
    /// as reported before.
    package var suspicion: String?
    /// True when the receiver has been observed to read what its kernel accepted: an earlier suspicion is
    /// cleared.
    package var isProved: Bool

    package init(
        state: State,
        lastError: String? = nil,
        attempts: Int = 0,
        retryAt: Timestamp? = nil,
        lastSuccess: Timestamp? = nil,
        at: Timestamp? = nil,
        cuts: Int = 0,
        suspicion: String? = nil,
        isProved: Bool = false
    ) {
        self.suspicion = suspicion
        self.isProved = isProved
        self.at = at
        self.cuts = cuts
        self.state = state
        self.lastError = lastError
        self.attempts = attempts
        self.retryAt = retryAt
        self.lastSuccess = lastSuccess
    }
}
