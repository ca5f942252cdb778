/// What replays ask of the spool.
package protocol ReplayStore: Sendable {
    /// What a replay would send, without making it.
    func estimate(_ request: ReplayRequest) async throws(StoreError) -> ReplayEstimate

    /// Makes a replay, fixed from now on: window, streams, and per stream the last `seq`. Durable on return.
    func create(_ request: ReplayRequest, at: Timestamp) async throws(StoreError) -> Replay

    /// Replays, newest first: of one sink, or of all.
    func replays(of sink: SinkID?) async throws(StoreError) -> [Replay]

    /// The next events of a replay in one of its streams after `after`, in one short read.
    func batch(of replay: ReplayID, stream: StreamID, after: Seq, limit: BatchLimit, raw: Bool)
        async throws(StoreError) -> ReplayBatch

    /// Moves a replay to another state; one that has ended stays ended.
    func move(_ replay: ReplayID, to state: Replay.State, at: Timestamp) async throws(StoreError)
}

/// Which time of an event a window looks at.
package enum ReplayBasis: String, Sendable, Codable, CaseIterable {
    case occurred, created
}

/// What a replay is asked to send again.
package struct ReplayRequest: Sendable, Codable, Equatable {
    package var sink: SinkName
    /// Inclusive.
    package var from: Timestamp
    /// Exclusive.
    package var to: Timestamp
    package var basis: ReplayBasis
    /// Nil: every stream the sink takes.
    package var streams: [StreamName]?
    /// Leaves out what the ledger shows this sink to have.
    package var missingOnly: Bool

    package init(
        sink: SinkName,
        from: Timestamp,
        to: Timestamp,
        basis: ReplayBasis = .occurred,
        streams: [StreamName]? = nil,
        missingOnly: Bool = false
    ) {
        self.sink = sink
        self.from = from
        self.to = to
        self.basis = basis
        self.streams = streams
        self.missingOnly = missingOnly
    }
}

/// What a replay would send, and what the sink already has of it.
package struct ReplayEstimate: Sendable, Codable, Equatable {
    /// Events in the window, up to the watermark.
    package var inWindow: Int
    /// Events that would be sent.
    package var toSend: Int
    /// Of those in the window: acknowledged by the receiver.
    package var acknowledged: Int
    /// Of those in the window: in the receiver's kernel, not doubtful.
    package var kernel: Int
    /// Of those in the window: only handed to the network.
    package var sent: Int
    /// Of those in the window: in the receiver's kernel within 60 s before a connection ended uncleanly.
    package var doubtful: Int
    /// Of those in the window: dead letters.
    package var deadLetters: Int
    /// Events of the window above the watermark: the live lane sends them.
    package var stillToComeLive: Int

    package init(
        inWindow: Int = 0,
        toSend: Int = 0,
        acknowledged: Int = 0,
        kernel: Int = 0,
        sent: Int = 0,
        doubtful: Int = 0,
        deadLetters: Int = 0,
        stillToComeLive: Int = 0
    ) {
        self.inWindow = inWindow
        self.toSend = toSend
        self.acknowledged = acknowledged
        self.kernel = kernel
        self.sent = sent
        self.doubtful = doubtful
        self.deadLetters = deadLetters
        self.stillToComeLive = stillToComeLive
    }
}

/// A replay job (`replay`).
package struct Replay: Sendable, Codable, Equatable {
    /// `running` and `paused` are unfinished; `disabled` has come to its end, `cancelled` was stopped.
    package enum State: String, Sendable, Codable {
        case running, paused, disabled, cancelled
    }

    /// How far it is in one stream.
    package struct Stream: Sendable, Codable, Equatable {
        package let stream: StreamID
        package let name: StreamName
        /// The last event it may send.
        package let last: Seq
        package let position: Seq

        package init(stream: StreamID, name: StreamName, last: Seq, position: Seq) {
            self.stream = stream
            self.name = name
            self.last = last
            self.position = position
        }
    }

    package let id: ReplayID
    package let sink: SinkName
    package let request: ReplayRequest
    package var state: State
    package var streams: [Stream]
    /// Events it had to send when it was made.
    package var total: Int
    /// Events settled so far.
    package var sent: Int
    package let created: Timestamp
    package var finished: Timestamp?

    package init(
        id: ReplayID,
        sink: SinkName,
        request: ReplayRequest,
        state: State,
        streams: [Stream],
        total: Int,
        sent: Int,
        created: Timestamp,
        finished: Timestamp?
    ) {
        self.id = id
        self.sink = sink
        self.request = request
        self.state = state
        self.streams = streams
        self.total = total
        self.sent = sent
        self.created = created
        self.finished = finished
    }
}

/// A slice of a replay: the events to send, and how far the read has come.
package struct ReplayBatch: Sendable {
    /// May be empty although more follows: a slice reads a bounded number of rows.
    package let events: EventBatch
    /// Everything of the stream up to here has been looked at.
    package let scannedThrough: Seq
    /// True when the replay has nothing more in this stream.
    package let isLast: Bool

    package init(events: EventBatch, scannedThrough: Seq, isLast: Bool) {
        self.events = events
        self.scannedThrough = scannedThrough
        self.isLast = isLast
    }
}
