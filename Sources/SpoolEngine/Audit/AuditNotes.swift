import SpoolCore
import SpoolStore

/// The codes of the notifications that the daemon's own audits raise and clear.
package enum AuditCode: String, Sendable, CaseIterable {
    case missing = "Proof found missing events"
    case failed = "Proof failed"
    case little = "Proof proves little"
}

/// The notifications that a finished audit raises and clears.
///
/// An audit clears a finding only if it found nothing and proves enough (`AuditWeakness`): the earlier
/// finding may lie in the part that is no longer provable.
struct AuditNotes {
    struct Raised {
        let code: AuditCode
        let severity: NotificationSeverity
        let message: String
    }

    private(set) var raised: [Raised] = []
    private(set) var cleared: [AuditCode] = []

    init(_ proof: Proof) {
        let isDone = proof.state == .done
        let weakness = isDone ? AuditWeakness(proof) : nil
        if let weakness {
            raised.append(Raised(code: .little, severity: .warning, message: weakness.message))
        } else if isDone {
            cleared.append(.little)
        }
        if let finding = AuditFinding(proof) {
            raised.append(Raised(code: .missing, severity: finding.severity, message: finding.message))
        } else if isDone, weakness == nil {
            cleared.append(.missing)
        }
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
            + "`spool verify --repair` over the window replays what a sink lacks. Cleared by the next audit "
            + "that proves its window and finds nothing missing."
    }
}

/// The reasons why a finished audit proves too little; nil if it proves enough.
///
/// Such an audit clears no finding of an earlier one, which may lie in the part that is no longer provable.
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
