/// The part of the spool that replays use.
package protocol ReplayStore: Sendable {
    /// What a replay would send, without creating it.
    func estimate(_ request: ReplayRequest) async throws(StoreError) -> ReplayEstimate

    /// Creates a replay with a fixed window, fixed streams and a fixed last `seq` per stream. Durable on
    /// return.
    func create(_ request: ReplayRequest, at: Timestamp) async throws(StoreError) -> Replay

    /// Running and paused replays, newest first: of one sink, or of all sinks.
    func unfinishedReplays(of sink: SinkID?) async throws(StoreError) -> [Replay]

    /// The next events of a replay in one of its streams after `after`, in one short read.
    func batch(of replay: ReplayID, stream: StreamID, after: Seq, limit: BatchLimit, raw: Bool)
        async throws(StoreError) -> ReplayBatch

    /// Changes the state of a replay; one that has ended stays ended.
    func move(_ replay: ReplayID, to state: Replay.State, at: Timestamp) async throws(StoreError)
}

/// The timestamp that a window applies to.
package enum ReplayBasis: String, Sendable, Codable, CaseIterable {
    case occurred, created
}

/// The parameters of a replay.
package struct ReplayRequest: Sendable, Codable, Equatable {
    /// A configured sink; with a `destination`, only a display name.
    package var sink: SinkName
    /// Address of an ad-hoc destination (`tcp://host:port?format=json`), which receives only this replay.
    package var destination: String?
    /// Inclusive.
    package var from: Timestamp
    /// Exclusive.
    package var to: Timestamp
    package var basis: ReplayBasis
    /// Nil: every stream of the sink; for an ad-hoc destination every stream of the spool.
    ///
    /// The spool's own notifications are sent only if they are named.
    package var streams: [StreamName]?
    /// Skips events that the ledger shows as delivered to this sink.
    package var missingOnly: Bool
    /// Maximum events per second; nil: half of the sink's rate if live delivery runs at the same time.
    package var rate: Int?
    /// Reads the window from the source again first.
    package var refetch: Bool

    package init(
        sink: SinkName,
        destination: String? = nil,
        from: Timestamp,
        to: Timestamp,
        basis: ReplayBasis = .occurred,
        streams: [StreamName]? = nil,
        missingOnly: Bool = false,
        rate: Int? = nil,
        refetch: Bool = false
    ) {
        self.destination = destination
        self.rate = rate
        self.refetch = refetch
        self.sink = sink
        self.from = from
        self.to = to
        self.basis = basis
        self.streams = streams
        self.missingOnly = missingOnly
    }
}

/// What a replay would send, and how much of it the sink already has.
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
    /// Of those in the window: perhaps unread in the receiver's kernel when a connection ended uncleanly.
    package var doubtful: Int
    /// Of those in the window: dead letters.
    package var deadLetters: Int
    /// Events of the window above the watermark: the live lane sends them.
    package var stillToComeLive: Int
    /// The sink's rate under its last continuous load, in events per second; nil before it was measured.
    package var sinkRate: Double?
    /// Another observed rate of the sink, a lower bound.
    ///
    /// Nil when nothing is known.
    package var seenRate: SeenRate?
    /// What the spool holds of each stream of the request.
    package var holdings: [Holding] = []

    package init(
        inWindow: Int = 0,
        toSend: Int = 0,
        acknowledged: Int = 0,
        kernel: Int = 0,
        sent: Int = 0,
        doubtful: Int = 0,
        deadLetters: Int = 0,
        stillToComeLive: Int = 0,
        sinkRate: Double? = nil
    ) {
        self.sinkRate = sinkRate
        self.inWindow = inWindow
        self.toSend = toSend
        self.acknowledged = acknowledged
        self.kernel = kernel
        self.sent = sent
        self.doubtful = doubtful
        self.deadLetters = deadLetters
        self.stillToComeLive = stillToComeLive
    }

    private enum CodingKeys: String, CodingKey {
        case acknowledged, kernel, sent, doubtful, holdings
        case inWindow = "in_window"
        case toSend = "to_send"
        case deadLetters = "dead_letters"
        case stillToComeLive = "still_to_come_live"
        case sinkRate = "sink_rate"
        case seenRate = "seen_rate"
    }
}

extension ReplayEstimate {
    /// A rate that was reached, but not measured as the maximum of a sink.
    package struct SeenRate: Sendable, Codable, Equatable {
        /// How it was observed.
        package enum Basis: String, Sendable, Codable {
            /// The busiest minute of the samples of two days.
            case minute
            /// The highest rate in the latest rows of the ledger.
            case ledger
            /// The last replay to the same destination, from its creation to its end.
            case replay
        }

        /// Events per second.
        package let rate: Double
        package let basis: Basis

        package init(rate: Double, basis: Basis) {
            self.rate = rate
            self.basis = basis
        }
    }

    /// What the spool holds of one stream: a window outside it yields nothing, whatever occurred then.
    package struct Holding: Sendable, Codable, Equatable {
        package let name: StreamName
        package let events: Int
        /// The first and last time of its events, on the request's basis; nil when there are none.
        package let oldest: Timestamp?
        package let newest: Timestamp?
        /// The start of the stream: nothing recorded before it was fetched.
        ///
        /// Nil before the source's first answer.
        package let start: Timestamp?
        /// Retention has deleted events before this time, on the stream's own basis.
        package let prunedTo: Timestamp?
        /// Everything recorded before this time has been fetched.
        package let readTo: Timestamp?

        package init(
            name: StreamName,
            events: Int,
            oldest: Timestamp?,
            newest: Timestamp?,
            start: Timestamp?,
            prunedTo: Timestamp?,
            readTo: Timestamp?
        ) {
            self.name = name
            self.events = events
            self.oldest = oldest
            self.newest = newest
            self.start = start
            self.prunedTo = prunedTo
            self.readTo = readTo
        }

        private enum CodingKeys: String, CodingKey {
            case events
            case name = "stream"
            case oldest = "oldest_ms"
            case newest = "newest_ms"
            case start = "start_ms"
            case prunedTo = "pruned_to_ms"
            case readTo = "read_to_ms"
        }
    }
}

/// A replay job (`replay`).
package struct Replay: Sendable, Codable, Equatable {
    /// `running` and `paused` are unfinished; `disabled` has finished, `cancelled` was stopped.
    package enum State: String, Sendable, Codable {
        case running, paused, disabled, cancelled
    }

    /// Its progress in one stream.
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
    /// The sink's row; an ad-hoc destination has its own row.
    package let sinkID: SinkID
    /// For an ad-hoc destination `destination@replay-ID`.
    package let sink: SinkName
    package let request: ReplayRequest
    package var state: State
    package var streams: [Stream]
    /// Events to send when it was created; with a refetch, when that was complete.
    package var total: Int
    /// Events settled so far.
    package var sent: Int
    /// Events of the window that the ledger showed as delivered.
    package var skipped = 0
    package let created: Timestamp
    package var finished: Timestamp?
    /// Why it was cancelled, if no operator requested that; nil otherwise.
    package var reason: String?
    /// The progress of reading its window from the source; nil for a replay of what the spool has.
    package var refetch: Refetch?
    /// Its sink's rate under its last continuous load, in events per second; nil before it was measured.
    package var sinkRate: Double?
    /// Why its sink accepts nothing at the moment.
    package var trouble: String?
    /// Sends exactly the events it was created with, as for a repair or a requeue, instead of a window.
    package var hasChosenEvents = false

    package init(
        id: ReplayID,
        sinkID: SinkID,
        sink: SinkName,
        request: ReplayRequest,
        state: State,
        streams: [Stream],
        total: Int,
        sent: Int,
        created: Timestamp
    ) {
        self.id = id
        self.sinkID = sinkID
        self.sink = sink
        self.request = request
        self.state = state
        self.streams = streams
        self.total = total
        self.sent = sent
        self.created = created
    }

    /// True while its window is still being read from the source; it sends nothing before that is complete.
    package var isRefetching: Bool { refetch.map { !$0.isFixed } ?? false }
}

/// A slice of a replay: the events to send, and the progress of the read.
package struct ReplayBatch: Sendable {
    /// May be empty although more follows: a slice reads a bounded number of rows.
    package let events: EventBatch
    /// Everything of the stream up to here has been read.
    package let scannedThrough: Seq
    /// True when the replay has no more events in this stream.
    package let isLast: Bool

    package init(events: EventBatch, scannedThrough: Seq, isLast: Bool) {
        self.events = events
        self.scannedThrough = scannedThrough
        self.isLast = isLast
    }
}
