/// What the delivery loop asks of the spool.
package protocol DeliveryStore: Sendable {
    /// The subscriptions of a sink that may be drained, with their watermarks.
    func subscriptions(of sink: SinkID) async throws(StoreError) -> [Subscription]

    /// The next events of a stream after `after`, in `seq` order, in one short read; nil when there are none.
    ///
    /// Live batches have no breaks: they hold every event of the stream in their range.
    func batch(of stream: StreamID, after: Seq, limit: BatchLimit, raw: Bool) async throws(StoreError)
        -> EventBatch?

    /// Writes ledger rows, watermarks, replay positions and dead letters in one transaction; durable on return.
    ///
    /// A watermark only grows; dead letters of events that are now delivered or already there are removed.
    func settle(_ commit: DeliveryCommit) async throws(StoreError)

    /// Records a connection that was opened, with `KernelDoubt.bytes` of the sink, which holds for all of it.
    ///
    /// The id is one that no connection had before; 0 when the sink was removed meanwhile.
    func opened(_ sink: SinkID, address: String, transport: String, doubtBytes: Int64, at: Timestamp)
        async throws(StoreError) -> ConnectionID

    /// Records how a connection of `sink` ended.
    ///
    /// A clean end proves that its rows of evidence `kernel` were read. An unclean one makes those doubtful whose bytes
    /// lie within the last `doubtBytes` that were settled over it, however long ago. A connection that has ended
    /// already, or belongs to another sink, stays as it is.
    func closed(_ connection: ConnectionID, of sink: SinkID, clean: Bool, at: Timestamp)
        async throws(StoreError)

    /// Keeps a sink's state for `status` and the views.
    func report(_ state: SinkReport, of sink: SinkID) async throws(StoreError)
}

/// A sink's taking of one stream, and how far it is.
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

/// A ledger row to be written: it speaks for every event of one stream from `first` to `last`.
package struct LedgerEntry: Sendable, Equatable {
    package var stream: StreamID
    package var replay: ReplayID?
    package var connection: ConnectionID?
    package var first: Seq
    package var last: Seq
    /// Final outcomes only.
    package var outcome: Outcome
    /// How many events of the stream lie in the range.
    package var events: Int
    package var bytes: Int
    /// The events of the range whose message was shortened to be sent, in order.
    package var cut: [Seq]
    /// How often these events were sent, this time included.
    package var attempts: Int
    package var sent: Timestamp
    package var settled: Timestamp
    /// Bytes settled over the connection up to the end of this row, those of all lanes; 0 without a connection.
    package var position: Int64

    package init(
        stream: StreamID,
        replay: ReplayID?,
        connection: ConnectionID?,
        first: Seq,
        last: Seq,
        outcome: Outcome,
        events: Int,
        bytes: Int,
        cut: [Seq] = [],
        attempts: Int,
        sent: Timestamp,
        settled: Timestamp,
        position: Int64 = 0
    ) {
        self.cut = cut
        self.position = position
        self.stream = stream
        self.replay = replay
        self.connection = connection
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

/// Everything one settling transaction changes.
package struct DeliveryCommit: Sendable {
    package var sink: SinkID
    /// In the order of sending.
    ///
    /// An entry with outcome `refused` becomes dead letters, one an event.
    package var entries: [LedgerEntry] = []
    package var watermarks: [SubscriptionID: Seq] = [:]
    package var replayPositions: [ReplayPosition] = []
    /// Events a second the sink takes while it is fed without a pause, when that was measured.
    package var rate: Double?
    package var at: Timestamp

    package init(sink: SinkID, at: Timestamp) {
        self.sink = sink
        self.at = at
    }

    package var isEmpty: Bool { entries.isEmpty && watermarks.isEmpty && replayPositions.isEmpty }
}

/// How far a replay has come in one stream.
package struct ReplayPosition: Sendable, Equatable {
    package let replay: ReplayID
    package let stream: StreamID
    /// Everything of the replay up to here has a final outcome.
    package let position: Seq
    /// Events sent and settled since the last position.
    package let sent: Int

    package init(replay: ReplayID, stream: StreamID, position: Seq, sent: Int) {
        self.replay = replay
        self.stream = stream
        self.position = position
        self.sent = sent
    }
}

/// A sink's state (`sink.state`), in the words of `status`.
package struct SinkReport: Sendable, Equatable {
    package enum State: String, Sendable, Codable {
        /// Never connected yet.
        case created
        case connected
        /// Not connected, trying again; `status` calls it `connection error` after 2 h, `disconnected` after 12 h.
        case retrying
        /// Wrongly set up, or it refuses too much: waits for a probe to succeed.
        case held
        /// Not in the configuration any more.
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
    /// When this was seen: the state holds since the first report of it.
    package var at: Timestamp?
    /// Connections in a row that were cut before what was sent could be settled; 0 below three.
    package var cuts: Int
    /// Why the ends of its connections suggest that the receiver does not read what it takes; nil: as reported before.
    package var suspicion: String?
    /// True when the receiver has been seen to read what it took: a suspicion that was reported before is over.
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
