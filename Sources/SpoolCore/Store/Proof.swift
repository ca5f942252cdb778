/// What `verify` compares, and whether it may repair what it finds.
package struct VerifyRequest: Sendable, Codable, Equatable {
    package enum Repair: String, Sendable, Codable {
        /// Only report.
        case none
        /// Fetch what was never fetched; it is delivered to every sink.
        case fetch
        /// Also replay events that a sink is missing and its live lane will not send.
        case all
    }

    /// Inclusive, on each stream's own basis: activities `created`, alerts `date`.
    package var from: Timestamp
    /// Exclusive.
    package var to: Timestamp
    /// Nil: every configured stream.
    package var streams: [String]?
    /// Nil: every sink that subscribes to the stream.
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
    /// The source has it, the spool has never had it.
    case neverFetched = "never-fetched"
    /// It is in the spool and has no final outcome at the sink yet.
    case unsettled
    /// The sink rejected it.
    case deadLetter = "dead-letter"
    /// The receiver's kernel may have held it unread when its connection ended uncleanly (`KernelDoubt`).
    case doubtful
    /// Retention deleted it before it reached the sink, which was not configured at that time.
    case lost
}

/// A sorted list of ids that an auditor can reproduce.
package struct ProofList: Sendable, Codable, Equatable {
    package var count: Int
    /// SHA-256 over the ids in the order of their bytes, each followed by a line feed.
    package var sha256: String

    package init(count: Int = 0, sha256: String = "") {
        self.count = count
        self.sha256 = sha256
    }
}

/// The result for one sink and one stream.
package struct ProofSink: Sendable, Codable, Equatable {
    package var name: String
    /// Delivered events, by the evidence counted below.
    package var delivered = ProofList()
    /// The receiver acknowledged it, or already had it.
    package var acknowledged = 0
    /// The receiver's kernel accepted it, and the receiver has read it: it closed the connection cleanly
    /// afterwards, or enough data followed that the kernel cannot still hold it.
    package var kernel = 0
    /// The receiver's kernel accepted it over a connection that is still open: delivered, but not yet proved
    /// to be read.
    package var pending = 0
    /// It was handed to the network; its arrival is unknown.
    package var sent = 0
    /// Excluded by the sink's filter.
    package var filtered = 0
    /// Spooled before this sink's subscription to the stream started.
    package var beforeStart = 0
    /// Dead letters that an operator has dismissed.
    package var dismissed = 0
    /// Deleted by retention during the comparison: settled, but the outcome is no longer known.
    package var pruned = 0
    /// Missing: no final outcome yet.
    package var unsettled = 0
    /// Of those: the live lane will send them.
    package var waiting = 0
    /// Missing: rejected.
    package var deadLetters = 0
    /// Missing: possibly unread in the receiver's kernel when a connection ended uncleanly.
    package var doubtful = 0
    /// Missing: deleted by retention before it reached the sink, which was not configured at that time.
    package var lost = 0
    /// Of the missing events: deleted by retention before a repair could send them again.
    package var unrepairable = 0
    /// The replays that a repair has created.
    package var replays: [ReplayID] = []

    package init(_ name: SinkName) { self.name = name.text }

    package var missing: Int { unsettled + deadLetters + doubtful + lost }

    enum CodingKeys: String, CodingKey {
        case name, delivered, acknowledged, kernel, sent, filtered, dismissed, pruned, unsettled, waiting,
            doubtful, lost, unrepairable, replays, pending
        case beforeStart = "before_start"
        case deadLetters = "dead_letters"
    }
}

/// The result for one stream.
package struct ProofStream: Sendable, Codable, Equatable {
    package var name: String
    /// The time that its window applies to: `created`, or for alerts `date`.
    package var basis: String
    /// Identifies the filters that it was read with.
    package var filterHash: String
    /// The part of the window that was compared; nil when none could be compared.
    package var compared: TimeWindow?
    /// From here on it is not provable yet; nil when the whole window was old enough.
    package var tooEarlyFrom: Timestamp?
    /// The start of the stream, if the window starts before it.
    package var start: Timestamp?
    /// Distinct ids, of the source and the spool together.
    package var events = 0
    /// The ids at the source.
    package var source = ProofList()
    /// The ids in the spool.
    package var spool = ProofList()
    /// Missing: at the source, never spooled.
    package var neverFetched = 0
    /// Of those: fetched by the repair.
    package var fetched = 0
    /// At the source and not in the spool, from before the deleted ids that are kept: deleted or never
    /// fetched.
    package var noLongerProvable = 0
    /// At the source, and deleted by retention; those whose delivery was doubtful then, and those that a sink
    /// had not received, are counted at that sink as well.
    package var pruned = 0
    /// In the spool, no longer at the source.
    package var gone = 0
    /// Records of the source that could not be parsed; they are identified by their content.
    package var unreadable = 0
    /// Parts that cannot be proved: older than 30 days, and the source's answer was empty.
    package var unproved: [TimeWindow] = []
    package var sinks: [ProofSink] = []
    /// Requested sinks that do not subscribe to the stream.
    package var notTaken: [String] = []
    /// True while its repair is running; a proof that has ended with it did not finish the repair.
    package var mending: Bool?

    package init(name: StreamName, kind: EventKind, filterHash: String) {
        self.name = name.description
        basis = kind == .alert ? "date" : "created"
        self.filterHash = filterHash
    }

    package var missing: Int { sinks.reduce(neverFetched) { $0 + $1.missing } }

    /// Events that are not yet proved to have been read by the receiver.
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

/// A comparison of source, spool and ledger over a window, running or ended (`proof`).
package struct Proof: Sendable, Codable, Equatable {
    package enum State: String, Sendable, Codable {
        case running, done
        /// It could not be made; `error` contains the reason.
        case failed
        /// It was stopped before it finished; `error` contains the reason.
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
    /// The current step.
    package var step: String?
    /// The streams to compare, in order; nil before it has started.
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

    /// Distinct ids that were compared.
    package var events: Int { streams.reduce(0) { $0 + $1.events } }

    /// Missing events: never fetched, or not at a sink; an event missing at two sinks counts twice.
    package var missing: Int { streams.reduce(0) { $0 + $1.missing } }

    /// True when a part of the window was compared, for at least one stream.
    package var isCompared: Bool { streams.contains { $0.compared != nil } }

    /// True when the whole window is proved: nothing is missing, each sink's list equals the spool's, and at
    /// least one event was compared.
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

/// An event that a proof found missing.
package struct MissingEvent: Sendable, Codable, Equatable {
    package var stream: String
    /// Nil for an event that was never fetched: no sink has it.
    package var sink: String?
    package var cause: MissingCause
    /// The source's id.
    package var id: String
    /// Its `seq` in the spool; nil for an event that was never fetched.
    package var seq: Seq?

    package init(stream: String, sink: String?, cause: MissingCause, id: String, seq: Seq?) {
        self.stream = stream
        self.sink = sink
        self.cause = cause
        self.id = id
        self.seq = seq
    }
}

/// Proofs stored by earlier versions lack fields that were added since; a missing count is 0.
extension ProofSink {
    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        func count(_ key: CodingKeys) throws -> Int { try values.decodeIfPresent(Int.self, forKey: key) ?? 0 }
        self.init(SinkName(try values.decode(String.self, forKey: .name)))
        delivered = try values.decodeIfPresent(ProofList.self, forKey: .delivered) ?? ProofList()
        acknowledged = try count(.acknowledged)
        kernel = try count(.kernel)
        pending = try count(.pending)
        sent = try count(.sent)
        filtered = try count(.filtered)
        beforeStart = try count(.beforeStart)
        dismissed = try count(.dismissed)
        pruned = try count(.pruned)
        unsettled = try count(.unsettled)
        waiting = try count(.waiting)
        deadLetters = try count(.deadLetters)
        doubtful = try count(.doubtful)
        lost = try count(.lost)
        unrepairable = try count(.unrepairable)
        replays = try values.decodeIfPresent([ReplayID].self, forKey: .replays) ?? []
    }
}

extension ProofStream {
    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        func count(_ key: CodingKeys) throws -> Int { try values.decodeIfPresent(Int.self, forKey: key) ?? 0 }
        name = try values.decode(String.self, forKey: .name)
        basis = try values.decode(String.self, forKey: .basis)
        filterHash = try values.decodeIfPresent(String.self, forKey: .filterHash) ?? ""
        compared = try values.decodeIfPresent(TimeWindow.self, forKey: .compared)
        tooEarlyFrom = try values.decodeIfPresent(Timestamp.self, forKey: .tooEarlyFrom)
        start = try values.decodeIfPresent(Timestamp.self, forKey: .start)
        events = try count(.events)
        source = try values.decodeIfPresent(ProofList.self, forKey: .source) ?? ProofList()
        spool = try values.decodeIfPresent(ProofList.self, forKey: .spool) ?? ProofList()
        neverFetched = try count(.neverFetched)
        fetched = try count(.fetched)
        noLongerProvable = try count(.noLongerProvable)
        pruned = try count(.pruned)
        gone = try count(.gone)
        unreadable = try count(.unreadable)
        unproved = try values.decodeIfPresent([TimeWindow].self, forKey: .unproved) ?? []
        sinks = try values.decodeIfPresent([ProofSink].self, forKey: .sinks) ?? []
        notTaken = try values.decodeIfPresent([String].self, forKey: .notTaken) ?? []
        mending = try values.decodeIfPresent(Bool.self, forKey: .mending)
    }
}
