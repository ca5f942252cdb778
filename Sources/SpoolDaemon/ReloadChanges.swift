import SpoolConfig
import SpoolControl
import SpoolCore
import SpoolEngine
import SpoolSinks

/// The changes of a reload, for the answer to `spool reload`.
enum ReloadChanges {
    /// Compares two configurations as the loops do: parts with the same fingerprint are not changed.
    static func between(_ old: Composition, _ new: Composition) -> [ReloadReport.Change] {
        parts(
            "source",
            old.sources.map { ($0.content.name, $0.fingerprint) },
            new.sources.map { ($0.content.name, $0.fingerprint) }
        )
            + parts(
                "sink",
                old.sinks.map { ($0.content.sink.name.text, $0.fingerprint) },
                new.sinks.map { ($0.content.sink.name.text, $0.fingerprint) }
            )
            + [
                ("spool.retention.age", old.spool.retentionAge == new.spool.retentionAge),
                ("spool.retention.max_size", old.spool.maxSize == new.spool.maxSize),
                ("notifications", old.notifications == new.notifications),
                ("status.token", old.status.token == new.status.token), ("audit", old.audit == new.audit),
            ].filter { !$0.1 }.map { ReloadReport.Change($0.0, .changed) }
    }

    private static func parts(
        _ kind: String,
        _ old: [(name: String, fingerprint: String)],
        _ new: [(name: String, fingerprint: String)]
    ) -> [ReloadReport.Change] {
        let before = Dictionary(old.map { ($0.name, $0.fingerprint) }) { first, _ in first }
        let kept = Set(new.map(\.name))
        let changed = new.compactMap { part -> ReloadReport.Change? in
            guard let fingerprint = before[part.name] else {
                return ReloadReport.Change("\(kind) \(part.name)", .added)
            }
            return fingerprint == part.fingerprint
                ? nil : ReloadReport.Change("\(kind) \(part.name)", .changed)
        }
        return changed
            + old.filter { !kept.contains($0.name) }.map {
                ReloadReport.Change("\(kind) \($0.name)", .removed)
            }
    }
}
