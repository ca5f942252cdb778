package import SpoolCore

/// Starts a comparison of source, spool and ledger.
///
/// The daemon runs comparisons one after the other, within the tenant's request budget, and keeps the result.
package struct StartVerify: ControlCommand, Equatable {
    package typealias Answer = Proof
    package static let path = "/control/verify/start"

    package let request: VerifyRequest

    package init(_ request: VerifyRequest) { self.request = request }
}

/// Asks for the progress or the result of a comparison.
///
/// The daemon stops a comparison whose state is no longer queried, because the command has exited.
package struct ShowProof: ControlCommand, Equatable {
    package typealias Answer = Proof
    package static let path = "/control/verify/show"

    package let proof: Int64

    package init(_ proof: Int64) { self.proof = proof }
}

/// Stops a comparison, or removes it from the queue.
package struct CancelVerify: ControlCommand, Equatable {
    package typealias Answer = Proof
    package static let path = "/control/verify/cancel"

    package let proof: Int64

    package init(_ proof: Int64) { self.proof = proof }
}

/// A proof as `/status` shows it.
package struct ProofStatus: Codable, Sendable, Equatable {
    /// How much of a window could not be compared.
    package enum Unproved: String, Codable, Sendable {
        case part, all
    }

    package var id: Int64
    package var reason: String
    package var from: Timestamp
    package var to: Timestamp
    /// Nil: every configured stream.
    package var streams: [String]?
    package var events: Int
    package var missing: Int
    /// How many of the missing events were fetched immediately.
    package var fetched: Int
    /// Nil: the whole window was compared.
    package var unproved: Unproved?
    /// True when the whole window is proved and nothing in it is missing.
    package var complete: Bool
    /// Why it is not complete, apart from missing events; nil from a daemon of an earlier version.
    package var shortfalls: [ProofShortfall]?
    /// How many of `events` retention has deleted, so that their delivery is no longer provable.
    package var unprovable: Int?
    package var finished: Timestamp

    /// Shows a proof that has ended; where the ends of its streams differ, the earliest end counts.
    package init?(_ proof: Proof) {
        guard proof.state == .done, let finished = proof.finished else { return nil }
        id = proof.id
        reason = proof.reason.rawValue
        let compared = proof.streams.compactMap(\.compared)
        from = compared.map(\.from).min() ?? proof.request.from
        to = compared.map(\.to).min() ?? proof.request.to
        streams = proof.request.streams
        events = proof.events
        missing = proof.missing
        fetched = proof.streams.reduce(0) { $0 + $1.fetched }
        let shortfalls = proof.shortfalls
        unproved = shortfalls.isEmpty ? nil : proof.isCompared ? .part : .all
        complete = proof.isComplete
        self.shortfalls = shortfalls
        unprovable = proof.unprovable
        self.finished = finished
    }

    /// Why it is not complete, apart from missing events, for an operator.
    package var reasons: String {
        guard let shortfalls, !shortfalls.isEmpty else { return "part of it is not provable" }
        return shortfalls.map(\.words).joined(separator: ", ")
    }

    private enum CodingKeys: String, CodingKey {
        case id, reason, streams, events, missing, fetched, unproved, complete, shortfalls, unprovable
        case from = "from_ms"
        case to = "to_ms"
        case finished = "finished_ms"
    }
}

/// Asks the sources for one record by its id, within their tenants' request budget: a source may have a
/// record that the spool does not have.
package struct TraceAtSource: ControlCommand, Equatable {
    package typealias Answer = [SourceTrace]
    package static let path = "/control/trace"

    package let id: String

    package init(_ id: String) { self.id = id }
}

/// A source's answer about one record, for one stream.
package struct SourceTrace: Codable, Sendable, Equatable {
    package let stream: StreamName
    /// Nil when the source could not be asked; `fault` then contains the reason.
    package var isKnown: Bool?
    package var occurred: Timestamp?
    /// When the portal recorded it; alerts have no such time and use `occurred`.
    package var created: Timestamp?
    package var category: String?
    package var action: String?
    /// Whether the current filters select it, as the list for exactly its millisecond shows; nil when that
    /// was not queried.
    package var isListed: Bool?
    package var fault: String?

    package init(stream: StreamName) { self.stream = stream }

    private enum CodingKeys: String, CodingKey {
        case stream, category, action, fault
        case isKnown = "known"
        case occurred = "occurred_ms"
        case created = "created_ms"
        case isListed = "listed"
    }
}
