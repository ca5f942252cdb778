/// What `verify` is asked to compare, and whether it may mend what it finds.
package struct VerifyRequest: Sendable, Codable, Equatable {
    package enum Repair: String, Sendable, Codable {
        /// It only tells.
        case none
        /// What was never fetched is fetched, and goes live.
        case fetch
        /// And what a sink misses beyond its live lane is replayed.
        case all
    }

    /// Inclusive, on each stream's own basis: activities `created`, alerts `date`.
    package var from: Timestamp
    /// Exclusive.
    package var to: Timestamp
    /// Nil: every stream that is configured.
    package var streams: [String]?
    /// Nil: every sink that takes the stream.
    package var sinks: [String]?
    package var repair: Repair

    package init(
        from: Timestamp,
        to: Timestamp,
        streams: [String]? = nil,
        sinks: [String]? = nil,
        repair: Repair = .none
    ) {
        self.from = from
        self.to = to
        self.streams = streams
        self.sinks = sinks
        self.repair = repair
    }

    private enum CodingKeys: String, CodingKey {
        case streams, sinks, repair
        case from = "from_ms"
        case to = "to_ms"
    }
}

/// Why an event is missing somewhere (`proof_missing.cause`).
package enum MissingCause: String, Sendable, Codable, CaseIterable {
    /// The source shows it, the spool has never had it.
    case neverFetched = "never-fetched"
    /// It is in the spool and has no final outcome at the sink yet.
    case unsettled
    /// The sink refused it.
    case deadLetter = "dead-letter"
    /// The receiver's kernel may have held it unread when its connection ended uncleanly (`KernelDoubt`).
    case doubtful
}

/// A sorted list of ids, as an auditor can make it again.
package struct ProofList: Sendable, Codable, Equatable {
    package var count: Int
    /// SHA-256 over the ids in the order of their bytes, each followed by a line feed.
    package var sha256: String

    package init(count: Int = 0, sha256: String = "") {
        self.count = count
        self.sha256 = sha256
    }
}

/// What was found of one sink's taking of one stream.
package struct ProofSink: Sendable, Codable, Equatable {
    package var name: String
    /// What it has, by the evidence counted below.
    package var delivered = ProofList()
    /// The receiver said so, or already had it.
    package var acknowledged = 0
    /// The receiver's kernel took it, and the receiver has read it: it closed the connection cleanly afterwards, or so
    /// much followed that the kernel cannot hold it any more.
    package var kernel = 0
    /// The receiver's kernel took it over a connection that is still open: delivered, but that it was read is not
    /// proved yet.
    package var pending = 0
    /// It was handed to the network; nothing is known of its arrival.
    package var sent = 0
    /// Left out by the sink's filter.
    package var filtered = 0
    /// Spooled before this sink began to take the stream.
    package var beforeStart = 0
    /// Dead letters that an operator has given up.
    package var dismissed = 0
    /// Deleted by retention during the comparison: settled, and how is no longer known.
    package var pruned = 0
    /// Missing: no final outcome yet.
    package var unsettled = 0
    /// Of those: the live lane sends them.
    package var waiting = 0
    /// Missing: refused.
    package var deadLetters = 0
    /// Missing: perhaps unread in the receiver's kernel when a connection ended uncleanly.
    package var doubtful = 0
    /// Of what is missing: deleted by retention before a repair could send it again.
    package var unrepairable = 0
    /// The replays that a repair has made.
    package var replays: [ReplayID] = []

    package init(_ name: SinkName) { self.name = name.text }

    package var missing: Int { unsettled + deadLetters + doubtful }

    enum CodingKeys: String, CodingKey {
        case name, delivered, acknowledged, kernel, sent, filtered, dismissed, pruned, unsettled, waiting,
            doubtful, unrepairable, replays, pending
        case beforeStart = "before_start"
        case deadLetters = "dead_letters"
    }
}

/// What was found of one stream.
package struct ProofStream: Sendable, Codable, Equatable {
    package var name: String
    /// Which time its window looks at: `created`, or for alerts `date`.
    package var basis: String
    /// Identifies the filters it was read with.
    package var filterHash: String
    /// What was compared; nil when nothing of the window could be.
    package var compared: TimeWindow?
    /// From here on it is too early to say; nil when all of the window was old enough.
    package var tooEarlyFrom: Timestamp?
    /// Where the stream begins, if the window begins before.
    package var start: Timestamp?
    /// Different ids, of the source and the spool together.
    package var events = 0
    /// What the source shows.
    package var source = ProofList()
    /// What the spool holds.
    package var spool = ProofList()
    /// Missing: shown by the source, never spooled.
    package var neverFetched = 0
    /// Of those: fetched by the repair.
    package var fetched = 0
    /// Shown by the source, not in the spool, from before the deleted ids that are kept: deleted or never fetched.
    package var noLongerProvable = 0
    /// Shown by the source, and deleted by retention after each sink had settled them.
    package var pruned = 0
    /// In the spool, no longer shown by the source.
    package var gone = 0
    /// Records of the source that could not be understood; they are kept by their content.
    package var unreadable = 0
    /// Parts that cannot be proved: older than 30 days, and the source's answer was empty.
    package var unproved: [TimeWindow] = []
    package var sinks: [ProofSink] = []
    /// Sinks that were asked for and do not take the stream.
    package var notTaken: [String] = []
    /// True from the beginning of its repair to that one's end; a proof that has ended with it has left it unfinished.
    package var mending: Bool?

    package init(name: StreamName, kind: EventKind, filterHash: String) {
        self.name = name.description
        basis = kind == .alert ? "date" : "created"
        self.filterHash = filterHash
    }

    package var missing: Int { sinks.reduce(neverFetched) { $0 + $1.missing } }

    /// Events at sinks of which it is not proved yet that the receiver has read them.
    package var pending: Int { sinks.reduce(0) { $0 + $1.pending } }

    /// True when it was compared, and neither the source nor the spool has an event in the window.
    package var isEmpty: Bool { compared != nil && events == 0 }

    enum CodingKeys: String, CodingKey {
        case name, basis, compared, events, source, spool, fetched, gone, pruned, unreadable, unproved, sinks,
            mending
        case filterHash = "filter_hash"
        case tooEarlyFrom = "too_early_from_ms"
        case start = "start_ms"
        case neverFetched = "never_fetched"
        case noLongerProvable = "no_longer_provable"
        case notTaken = "not_taken"
    }
}

/// A comparison of source, spool and ledger over a window, under way or ended (`proof`).
package struct Proof: Sendable, Codable, Equatable {
    package enum State: String, Sendable, Codable {
        case running, done
        /// It could not be done; `error` says why.
        case failed
        /// It was ended before its end; `error` says why.
        case stopped
    }

    package enum Reason: String, Sendable, Codable {
        case command, audit
    }

    package var id: Int64
    package var reason: Reason
    package var request: VerifyRequest
    package var state: State
    package var version: String
    package var started: Timestamp
    package var finished: Timestamp?
    package var error: String?
    /// What it does just now.
    package var step: String?
    /// The streams that are compared, in their order; nil before it has begun.
    package var planned: [String]?
    package var streams: [ProofStream] = []

    package init(
        id: Int64,
        reason: Reason,
        request: VerifyRequest,
        state: State,
        version: String,
        started: Timestamp
    ) {
        self.id = id
        self.reason = reason
        self.request = request
        self.state = state
        self.version = version
        self.started = started
    }

    /// Different ids that were compared.
    package var events: Int { streams.reduce(0) { $0 + $1.events } }

    /// Events that are missing: never fetched, or not at a sink; one missing at two sinks counts twice.
    package var missing: Int { streams.reduce(0) { $0 + $1.missing } }

    /// True when something of the window was compared, of one stream at least.
    package var isCompared: Bool { streams.contains { $0.compared != nil } }

    /// True when the whole window is proved: nothing is missing, each sink's list equals the spool's, and at least one
    /// event was compared.
    package var isComplete: Bool {
        state == .done && missing == 0 && shortfalls.isEmpty && streams.contains(where: \.isComplete)
            && streams.allSatisfy { $0.isComplete || $0.isEmpty }
    }

    private enum CodingKeys: String, CodingKey {
        case id, reason, request, state, version, error, step, planned, streams
        case started = "started_ms"
        case finished = "finished_ms"
    }
}

/// An event that a proof found missing, by name.
package struct MissingEvent: Sendable, Codable, Equatable {
    package var stream: String
    /// Nil for one that was never fetched: no sink has it.
    package var sink: String?
    package var cause: MissingCause
    /// The source's id.
    package var id: String
    /// Its place in the spool; nil for one that was never fetched.
    package var seq: Seq?

    package init(stream: String, sink: String?, cause: MissingCause, id: String, seq: Seq?) {
        self.stream = stream
        self.sink = sink
        self.cause = cause
        self.id = id
        self.seq = seq
    }
}
