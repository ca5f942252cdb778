import SpoolControl
import SpoolCore

/// The result of the last audit; without samples if audits are off and none was ever completed.
extension MetricsSnapshot {
    var auditFamilies: [MetricFamily] {
        [
            audit(
                "spool_audit_last_timestamp_seconds",
                "When the last completed audit ended, in seconds since 1970; before the first, when the "
                    + "spool was created."
            ) { seconds($0?.finished ?? auditsSince ?? at) },
            audit("spool_audit_events", "Distinct event ids that the last audit compared.") {
                Double($0?.events ?? 0)
            },
            audit(
                "spool_audit_missing_events",
                "Events that the last audit found missing: never fetched, or not at a sink."
            ) { Double($0?.missing ?? 0) },
            audit(
                "spool_audit_unprovable_events",
                "Compared ids that retention had deleted: their delivery is no longer in the ledger."
            ) { Double($0?.unprovable ?? 0) },
            audit(
                "spool_audit_complete",
                "1 if the last audit proved its whole window and nothing was missing, otherwise 0."
            ) { $0?.complete == true ? 1 : 0 },
        ]
    }

    private func audit(_ name: String, _ help: String, _ value: (ProofStatus?) -> Double) -> MetricFamily {
        let isKnown = audit != nil || auditsSince != nil
        return MetricFamily(
            name: name,
            kind: .gauge,
            help: help,
            samples: isKnown ? [MetricSample(labels: [], value: value(audit))] : []
        )
    }
}
