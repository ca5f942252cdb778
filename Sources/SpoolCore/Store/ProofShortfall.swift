/// Why a proof that found nothing missing is not complete.
package enum ProofShortfall: String, Sendable, Codable, CaseIterable {
    /// No stream could be compared.
    case nothingCompared = "nothing-compared"
    /// Neither the source nor the spool has an event in the window.
    case empty
    /// Part of the window has not been re-read yet.
    case tooEarly = "too-early"
    /// Part of the window is before the start of a stream.
    case beforeStreamStart = "before-stream-start"
    /// The source's answer was empty for a time so long ago that this proves nothing.
    case emptyAnswer = "empty-answer"
    /// Retention has deleted the ids of that time as well: deleted events cannot be distinguished from events
    /// never fetched.
    case noLongerProvable = "no-longer-provable"
    /// Retention has deleted events. Those that do not count as missing were settled at each sink, but their
    /// outcome is no longer known.
    case pruned
    /// No sink subscribes to a stream.
    case noSink = "no-sink"
    /// A requested sink does not subscribe to a stream.
    case notTaken = "not-taken"
    /// A sink's subscription started after events of the window had been spooled.
    case beforeSinkStart = "before-sink-start"
    /// A sink's filter excluded events.
    case filtered
    /// An operator has dismissed dead letters.
    case dismissed
    /// Events were handed to the network (UDP), and their arrival is unknown.
    case unconfirmed
    /// A receiver's kernel accepted events over a connection that is still open: it is not yet proved that
    /// they were read.
    case pending
    /// The repair of a stream was not finished.
    case repairUnfinished = "repair-unfinished"

    /// The text for an operator, after "not complete:".
    package var words: String {
        switch self {
        case .nothingCompared: "nothing could be compared"
        case .empty: "no event in the window"
        case .tooEarly: "part of the window is too recent"
        case .beforeStreamStart: "part of the window is before the start of a stream"
        case .emptyAnswer: "empty answers for times more than 30 days ago"
        case .noLongerProvable: "events older than the deleted ids that are kept"
        case .pruned: "events deleted by retention"
        case .noSink: "a stream without a sink"
        case .notTaken: "a sink that does not receive a stream"
        case .beforeSinkStart: "events from before the start of a sink"
        case .filtered: "events left out by a filter"
        case .dismissed: "dismissed dead letters"
        case .unconfirmed: "events sent without confirmation (UDP)"
        case .pending: "events that a receiver may not have read yet"
        case .repairUnfinished: "a repair that was not finished"
        }
    }
}

extension ProofSink {
    /// True when the sink has every event of the window that the spool has, and there is at least one.
    ///
    /// Its list must equal the spool's. Events that were only handed to the network, or that may be unread in
    /// the receiver's kernel, do not count.
    package func isComplete(of stream: ProofStream) -> Bool {
        missing == 0 && sent == 0 && pending == 0 && delivered.count > 0 && delivered == stream.spool
    }

    /// True when the delivery of at least one event is proved.
    package var provesDelivery: Bool { acknowledged + kernel > 0 }

    fileprivate var shortfalls: [ProofShortfall] {
        var found: [ProofShortfall] = []
        if pruned > 0 { found.append(.pruned) }
        if beforeStart > 0 { found.append(.beforeSinkStart) }
        if filtered > 0 { found.append(.filtered) }
        if dismissed > 0 { found.append(.dismissed) }
        if sent > 0 { found.append(.unconfirmed) }
        if pending > 0 { found.append(.pending) }
        return found
    }
}

extension ProofStream {
    /// True when nothing in it is missing or unproved, and it has at least one event.
    package var isComplete: Bool {
        missing == 0 && shortfalls.isEmpty && spool.count > 0 && sinks.allSatisfy { $0.isComplete(of: self) }
    }

    /// Why it is not fully proved, apart from missing events; a stream without any event has no reasons.
    package var shortfalls: [ProofShortfall] {
        var found: [ProofShortfall] = []
        if tooEarlyFrom != nil { found.append(.tooEarly) }
        if start != nil { found.append(.beforeStreamStart) }
        if !unproved.isEmpty { found.append(.emptyAnswer) }
        if noLongerProvable > 0 { found.append(.noLongerProvable) }
        if pruned > 0 { found.append(.pruned) }
        if compared != nil, sinks.isEmpty, notTaken.isEmpty { found.append(.noSink) }
        if !notTaken.isEmpty { found.append(.notTaken) }
        if mending == true { found.append(.repairUnfinished) }
        return found + sinks.flatMap(\.shortfalls)
    }
}

extension Proof {
    /// Why it does not prove the whole window, each reason once and in the order of `ProofShortfall`; empty
    /// when it does.
    package var shortfalls: [ProofShortfall] {
        guard isCompared else { return [.nothingCompared] }
        var found = Set(streams.flatMap(\.shortfalls))
        if streams.contains(where: { $0.compared == nil }) {
            // Another reason has already been added.
            if !streams.contains(where: { $0.tooEarlyFrom != nil || $0.start != nil }) {
                found.insert(.tooEarly)
            }
        }
        if events == 0 { found.insert(.empty) }
        return ProofShortfall.allCases.filter(found.contains)
    }

    /// True when no delivery could be proved although there were events, or when nothing could be compared.
    ///
    /// False for a window in which neither the source nor the spool has an event, unless the source's empty
    /// answer proves nothing.
    package var provesNothing: Bool {
        guard isCompared else { return true }
        if events == 0 { return streams.contains { !$0.unproved.isEmpty } }
        return !streams.contains { $0.sinks.contains(where: \.provesDelivery) }
    }

    /// How many of `events` no longer have their delivery in the ledger.
    package var unprovable: Int { streams.reduce(0) { $0 + $1.pruned + $1.noLongerProvable } }
}

extension Proof {
    /// Ends it early, and records why, what was done, and what was not.
    package mutating func end(_ state: State, cause: String, at now: Timestamp) {
        self.state = state
        finished = now
        step = nil
        error = ([Sentence.ended(cause)] + rest).joined(separator: " ")
    }

    /// Ends a proof that is stored as running and whose process has ended.
    package mutating func endLeft(at now: Timestamp) {
        end(.stopped, cause: "the process that ran it exited or was killed", at: now)
    }

    /// The streams that were to be compared and were not.
    package var uncompared: [String] {
        (planned ?? []).filter { name in !streams.contains { $0.name == name } }
    }

    /// The streams whose repair has started and not finished.
    package var unmended: [String] { streams.filter { $0.mending == true }.map(\.name) }

    private var rest: [String] {
        guard planned != nil else { return ["It had not started."] }
        var parts: [String] = []
        if !uncompared.isEmpty { parts.append("Not compared: \(uncompared.joined(separator: ", ")).") }
        guard request.repair != .none else { return parts }
        let unmended = unmended
        if !unmended.isEmpty {
            parts.append(
                "Repair not finished: \(unmended.joined(separator: ", ")); what was repaired is kept."
            )
        }
        if reason == .command, !unmended.isEmpty || !uncompared.isEmpty {
            parts.append("Run the same command again to recover what is still missing.")
        }
        return parts
    }
}
