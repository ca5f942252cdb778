import SpoolCore

/// Why an audit that was done proves too little to give the all-clear; nil when it proves enough.
///
/// It clears no finding of an audit before it: what that one found may lie in the part that is no longer provable.
struct AuditWeakness {
    /// More than one id in so many without provable delivery is reported.
    static let tolerated = 10

    let message: String

    init?(_ proof: Proof) {
        var parts: [String] = []
        let uncompared = proof.streams.filter { $0.compared == nil }.map(\.name)
        if !uncompared.isEmpty {
            parts.append("nothing of \(uncompared.joined(separator: ", ")) could be compared")
        }
        let unproved = proof.streams.filter { !$0.unproved.isEmpty }.map(\.name)
        if !unproved.isEmpty {
            parts.append(
                "the source's answers for \(unproved.joined(separator: ", ")) were empty for times more than 30 days ago"
            )
        }
        if proof.unprovable * Self.tolerated > proof.events {
            parts.append(
                "retention has deleted \(Grouped.text(proof.unprovable)) of \(Count.text(proof.events, "event")), so that "
                    + "their delivery is no longer in the ledger"
            )
        }
        guard !parts.isEmpty else { return nil }
        message =
            "Audit \(proof.id) proves little: \(parts.joined(separator: "; ")). Raise `spool.retention.max_size` or "
            + "`age`, or shorten `audit.window`, so that the events of the window stay in the spool until the audit. "
            + "Cleared by the next audit that proves its window."
    }
}
