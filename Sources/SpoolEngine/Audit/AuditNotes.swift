import SpoolCore
import SpoolStore

/// The codes of the notifications that the daemon's own audits raise and clear.
package enum AuditCode: String, Sendable, CaseIterable {
    case missing = "Proof found missing events"
    case failed = "Proof failed"
    case little = "Proof proves little"
}

/// The notifications that a finished proof raises and clears.
///
/// Only an audit raises them. A proof clears a finding only if it proves its window (`ProvedWindow`) and has
/// compared the reported part again: the earlier finding may be in a part that the proof did not compare or
/// could not prove.
struct AuditNotes {
    struct Raised {
        let code: AuditCode
        let severity: NotificationSeverity
        let message: String
    }

    private(set) var raised: [Raised] = []
    private(set) var cleared: [AuditCode] = []
    /// The audits whose findings the proof has covered.
    let closed: [Int64]

    /// What a proof raises and clears; `open` are earlier audits whose findings are still open.
    init(_ proof: Proof, open: [Proof] = []) {
        let isDone = proof.state == .done
        let weakness = isDone ? AuditWeakness(proof) : nil
        let window = ProvedWindow(proof)
        closed = window.map { window in open.filter(window.covers).map(\.id) } ?? []
        let isAudit = proof.reason == .audit
        if isAudit, let weakness {
            raised.append(Raised(code: .little, severity: .warning, message: weakness.message))
        } else if isAudit, isDone {
            cleared.append(.little)
        }
        if window != nil, closed.count == open.count, isAudit || !open.isEmpty { cleared.append(.missing) }
        guard isAudit else { return }
        if let finding = AuditFinding(proof) {
            raised.append(Raised(code: .missing, severity: finding.severity, message: finding.message))
        }
    }
}

/// The window of a finished proof that found nothing missing, and in which no unproved part could hide a
/// loss.
///
/// Events that a filter left out, that an operator dismissed, that were spooled before a sink's start, or
/// that were only handed to the network are not losses. Neither are events that retention has deleted: losses
/// among them are reported as missing.
struct ProvedWindow {
    /// Reasons why a proof is not complete that may hide what an earlier one found missing.
    static let hiding: Set<ProofShortfall> = [
        .nothingCompared, .empty, .emptyAnswer, .noLongerProvable, .pending, .repairUnfinished,
    ]

    private let proof: Proof

    init?(_ proof: Proof) {
        guard proof.state == .done, proof.missing == 0, AuditWeakness(proof) == nil,
            Self.hiding.isDisjoint(with: proof.shortfalls)
        else { return nil }
        self.proof = proof
    }

    /// True if the proof compared each stream in which the finding's audit missed events, over the window of
    /// that audit and with the sinks that were missing them.
    ///
    /// A stream or sink that is no longer configured cannot be compared, and does not keep a finding open.
    func covers(_ finding: Proof) -> Bool {
        finding.streams.filter { $0.missing > 0 }.allSatisfy { missed in
            guard let stream = proof.streams.first(where: { $0.name == missed.name }) else {
                return proof.request.streams == nil
            }
            let reported = missed.reported(by: finding)
            guard let compared = stream.compared, compared.from <= reported.from, compared.to >= reported.to
            else { return false }
            if proof.request.sinks == nil { return true }
            let lacking = missed.neverFetched > 0 ? missed.sinks : missed.sinks.filter { $0.missing > 0 }
            return lacking.allSatisfy { sink in stream.sinks.contains { $0.name == sink.name } }
        }
    }
}

extension ProofStream {
    /// The window in which an audit found events of this stream missing.
    func reported(by audit: Proof) -> TimeWindow {
        compared ?? TimeWindow(from: audit.request.from, to: audit.request.to)
    }
}

/// The notification about missing events; nil if the audit found none.
struct AuditFinding {
    let severity: NotificationSeverity
    let message: String

    init?(_ proof: Proof) {
        guard proof.missing > 0 else { return nil }
        let fetched = proof.streams.reduce(0) { $0 + $1.fetched }
        var parts: [String] = []
        for stream in proof.streams {
            if stream.neverFetched > 0 {
                parts.append(
                    "\(stream.neverFetched) of \(stream.name) had never been fetched "
                        + "(\(stream.fetched) of them fetched now)"
                )
            }
            for sink in stream.sinks where sink.missing > 0 {
                parts.append(
                    "\(sink.missing) of \(stream.name) are missing at \(sink.name) "
                        + "(\(sink.unsettled) unsettled, \(sink.deadLetters) dead letters, "
                        + "\(sink.doubtful) doubtful, \(sink.lost) lost)"
                )
            }
        }
        severity = fetched == proof.missing ? .warning : .error
        message =
            "Audit \(proof.id)\(proof.state == .done ? "" : ", which was stopped before it finished"): "
            + parts.joined(separator: "; ")
            + ". `select * from proof_missing where proof_id = \(proof.id)` lists them; "
            + "`spool verify --repair` over the window replays what a sink is missing. Cleared by a "
            + "proof that compares \(Self.window(proof)) again and finds nothing missing. The next audits "
            + "cover this window, up to twice `audit.window` back; if it is older, run `spool verify` over "
            + "it."
    }
    /// From the earliest to the latest time that was compared in a stream with missing events.
    private static func window(_ proof: Proof) -> String {
        let windows = proof.streams.filter { $0.missing > 0 }.map { $0.reported(by: proof) }
        let from = windows.map(\.from).min() ?? proof.request.from
        let to = windows.map(\.to).max() ?? proof.request.to
        return "\(from) to \(to)"
    }
}

/// The reasons why a finished audit proves too little; nil if it proves enough.
///
/// Such an audit does not clear an earlier finding, which may be in the part that is no longer provable
/// (`ProvedWindow`).
struct AuditWeakness {
    /// A weakness is reported if more than one in this many ids has no provable delivery.
    static let tolerated = 10

    let message: String

    init?(_ proof: Proof) {
        var parts: [String] = []
        let uncompared = proof.streams.filter { $0.compared == nil }.map(\.name)
        if !uncompared.isEmpty {
            parts.append("no event of \(uncompared.joined(separator: ", ")) could be compared")
        }
        let unproved = proof.streams.filter { !$0.unproved.isEmpty }.map(\.name)
        if !unproved.isEmpty {
            parts.append(
                "the source's responses for \(unproved.joined(separator: ", ")) were empty for times "
                    + "more than 30 days ago"
            )
        }
        if proof.unprovable * Self.tolerated > proof.events {
            parts.append(
                "retention has deleted \(Grouped.text(proof.unprovable)) of "
                    + "\(Count.text(proof.events, "event")), so their delivery is no longer in the ledger"
            )
        }
        guard !parts.isEmpty else { return nil }
        message =
            "Audit \(proof.id) proves little: \(parts.joined(separator: "; ")). "
            + "Raise `spool.retention.max_size` or `age`, or shorten `audit.window`, so that the events "
            + "of the window stay in the spool until the audit. "
            + "Cleared by the next audit that proves its window."
    }
}
