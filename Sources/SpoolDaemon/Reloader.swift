import Logging
import SpoolConfig
import SpoolControl
import SpoolCore
import SpoolEngine
import SpoolNetwork
import SpoolPipeline
import SpoolSinks

/// Carries out reloads, one after the other.
///
/// A reload applies the whole file or nothing. A stop ends it: a reload waits only for loops that it has
/// stopped, and the stop waits for them as well.
struct Reloader: Sendable {
    let engine: Engine
    let current: CurrentComposition
    let notifier: ServiceNotifier
    /// The file, followed by the other arguments of `Composition.read`.
    let path: String
    let environment: [String: String]
    let hostName: String
    let logger: Logger

    /// Reloads for each request until the daemon ends.
    func run() async {
        while let number = await engine.reloads.next() {
            notifier.reloading()
            // A reload that is ended by a stop has no outcome: its waiters are notified of the stop.
            guard let outcome = await reload() else { continue }
            if !engine.reloads.isStopped { notifier.ready() }
            engine.reloads.finish(number, outcome)
        }
    }

    /// - Returns: nil if the daemon stops meanwhile.
    private func reload() async -> Reloads.Outcome? {
        do {
            let composition = try Composition.read(path: path, environment: environment, hostName: hostName)
            if let refusal = ReloadRefusal(of: composition, after: current.value) { throw refusal }
            let changes = ReloadChanges.between(current.value, composition)
            let notes = try await engine.apply(composition)
            guard !engine.reloads.isStopped else {
                logger.notice("reload cancelled by shutdown", metadata: ["path": "\(path)"])
                return nil
            }
            current.replace(by: composition)
            logger.notice("configuration reloaded", metadata: ["path": "\(path)"])
            for warning in composition.warnings {
                logger.warning("configuration", metadata: ["cause": "\(warning)"])
            }
            return Reloads.Outcome(changes: changes, warnings: composition.warnings + notes)
        } catch {
            logger.error(
                "reload failed, previous configuration kept",
                metadata: ["path": "\(path)", "cause": "\(error)"]
            )
            return Reloads.Outcome(refusal: Reloads.Refusal(error, path: path, at: engine.time.wall()))
        }
    }
}

/// Why a valid configuration cannot replace the running one.
struct ReloadRefusal: Error, CustomStringConvertible {
    let description: String

    /// Nil unless a setting has changed that requires a restart.
    init?(of new: Composition, after old: Composition) {
        var changed: [String] = []
        if new.spool.path != old.spool.path { changed.append("spool.path") }
        if new.status.listen != old.status.listen { changed.append("status.listen") }
        guard !changed.isEmpty else { return nil }
        let names = changed.joined(separator: " and ")
        description =
            "\(names) \(changed.count == 1 ? "has" : "have") changed, which requires a restart of the daemon"
    }
}

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
