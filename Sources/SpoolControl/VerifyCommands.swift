package import SpoolCore

/// Begins a comparison of source, spool and ledger; the daemon does it within the tenant's budget, one after the
/// other, and keeps its result.
package struct StartVerify: ControlCommand, Equatable {
    package typealias Answer = Proof
    package static let path = "/control/verify/start"

    package let request: VerifyRequest

    package init(_ request: VerifyRequest) { self.request = request }
}

/// Asks how far a comparison is, or what it has found.
///
/// The daemon ends a comparison after whose state nobody asks any more: the command has gone.
package struct ShowProof: ControlCommand, Equatable {
    package typealias Answer = Proof
    package static let path = "/control/verify/show"

    package let proof: Int64

    package init(_ proof: Int64) { self.proof = proof }
}

/// Ends a comparison, or takes it back before its turn.
package struct CancelVerify: ControlCommand, Equatable {
    package typealias Answer = Proof
    package static let path = "/control/verify/cancel"

    package let proof: Int64

    package init(_ proof: Int64) { self.proof = proof }
}

/// A proof, as `/status` shows it.
package struct ProofStatus: Codable, Sendable, Equatable {
    /// How much of a window could not be compared.
    package enum Unproved: String, Codable, Sendable {
        case part, all
    }

    package var id: Int64
    package var reason: String
    package var from: Timestamp
    package var to: Timestamp
    /// Nil: every stream that is configured.
    package var streams: [String]?
    package var events: Int
    package var missing: Int
    /// What of it was fetched at once.
    package var fetched: Int
    /// Nil: all of the window was compared.
    package var unproved: Unproved?
    /// True when all of the window is proved, and nothing of it is missing.
    package var complete: Bool
    /// Why not, apart from what is missing; nil from a daemon of an earlier version.
    package var shortfalls: [ProofShortfall]?
    /// Of `events`, how many retention has deleted, so that their delivery is no longer provable.
    package var unprovable: Int?
    package var finished: Timestamp

    /// Shows a proof that has ended; where its streams end differs, the earliest end counts.
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

    /// Why it is not complete, apart from what is missing, for an operator.
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
