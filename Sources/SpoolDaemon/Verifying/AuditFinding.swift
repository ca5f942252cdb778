import SpoolCore
import SpoolStore

/// What an operator has to be told of an audit; nil when it is clean.
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
                    "\(stream.neverFetched) of \(stream.name) had never been fetched, \(stream.fetched) of them are now"
                )
            }
            for sink in stream.sinks where sink.missing > 0 {
                parts.append(
                    "\(sink.missing) of \(stream.name) are not at \(sink.name) (\(sink.unsettled) unsettled, "
                        + "\(sink.deadLetters) dead letters, \(sink.doubtful) doubtful)"
                )
            }
        }
        severity = fetched == proof.missing ? .warning : .error
        message =
            "Audit \(proof.id)\(proof.state == .done ? "" : ", which was ended before its end"): "
            + parts.joined(separator: "; ")
            + ". `select * from proof_missing where proof_id = \(proof.id)` names them; `spool verify --repair` over the "
            + "window mends what a sink misses. Cleared by the next audit that proves its window and finds nothing."
    }
}
