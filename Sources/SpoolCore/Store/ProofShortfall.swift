/// Why a proof that found nothing missing does not prove that everything is everywhere.
package enum ProofShortfall: String, Sendable, Codable, CaseIterable {
    /// No stream could be compared.
    case nothingCompared = "nothing-compared"
    /// Neither the source nor the spool has an event in the window.
    case empty
    /// A part of the window has not been read twice yet.
    case tooEarly = "too-early"
    /// A part of the window lies before the start of a stream.
    case beforeStreamStart = "before-stream-start"
    /// The source answered with nothing for a time so long ago that this proves nothing.
    case emptyAnswer = "empty-answer"
    /// Retention has deleted the ids of that time as well: deleted events are not told from those never fetched.
    case noLongerProvable = "no-longer-provable"
    /// Retention has deleted events; each sink had settled them, and how is no longer known.
    case pruned
    /// No sink takes a stream.
    case noSink = "no-sink"
    /// A sink that was asked for does not take a stream.
    case notTaken = "not-taken"
    /// A sink began to take a stream after events of the window had been spooled.
    case beforeSinkStart = "before-sink-start"
    /// A sink's filter left events out.
    case filtered
    /// An operator has given up dead letters.
    case dismissed
    /// Events were handed to the network (UDP), and nothing is known of their arrival.
    case unconfirmed
    /// A receiver's kernel took events over a connection that is still open: that they were read is not proved yet.
    case pending
    /// The repair of a stream was not finished.
    case repairUnfinished = "repair-unfinished"

    /// For an operator, after "not complete:".
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
        case .notTaken: "a sink that does not take a stream"
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
    /// True when the sink has every event that the spool has of the window, and there is at least one.
    ///
    /// Its list has to equal the spool's; what was only handed to the network, or may lie unread in the receiver's kernel,
    /// counts as not there.
    package func isComplete(of stream: ProofStream) -> Bool {
        missing == 0 && sent == 0 && pending == 0 && delivered.count > 0 && delivered == stream.spool
    }

    /// True when at least one event is proved to be there.
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
    /// True when nothing of it is missing or unproved, and it has at least one event.
    package var isComplete: Bool {
        missing == 0 && shortfalls.isEmpty && spool.count > 0 && sinks.allSatisfy { $0.isComplete(of: self) }
    }

    /// Why it is not proved as a whole, apart from what is missing; a stream without any event has none.
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
    /// Why it does not prove the whole window, each reason once and in the order of `ProofShortfall`; empty for one that
    /// does.
    package var shortfalls: [ProofShortfall] {
        guard isCompared else { return [.nothingCompared] }
        var found = Set(streams.flatMap(\.shortfalls))
        if streams.contains(where: { $0.compared == nil }) {
            // Its own reason is there already.
            if !streams.contains(where: { $0.tooEarlyFrom != nil || $0.start != nil }) {
                found.insert(.tooEarly)
            }
        }
        if events == 0 { found.insert(.empty) }
        return ProofShortfall.allCases.filter(found.contains)
    }

    /// True when no event could be proved to be at a sink although there were events, or nothing could be compared.
    ///
    /// A window in which neither the source nor the spool has an event is not among them, unless the source's empty
    /// answer proves nothing.
    package var provesNothing: Bool {
        guard isCompared else { return true }
        if events == 0 { return streams.contains { !$0.unproved.isEmpty } }
        return !streams.contains { $0.sinks.contains(where: \.provesDelivery) }
    }

    /// Of `events`, how many no longer have their delivery in the ledger.
    package var unprovable: Int { streams.reduce(0) { $0 + $1.pruned + $1.noLongerProvable } }
}
