import Logging
import SpoolConfig
import SpoolEngine
import SpoolNetwork
import SpoolPipeline

/// Carries out reloads, one after the other.
///
/// A reload takes over the whole file or nothing. A stop ends it: it waits only for loops that it has told to stop, which
/// the stop waits for as well.
struct Reloader: Sendable {
    let engine: Engine
    let current: CurrentComposition
    let notifier: ServiceNotifier
    /// The file, and what `Composition.read` takes beside it.
    let path: String
    let environment: [String: String]
    let hostName: String
    let logger: Logger

    /// Reloads for each request until the daemon ends.
    func run() async {
        while let number = await engine.reloads.next() {
            notifier.reloading()
            // A reload that a stop has ended came to nothing: who waits for it is told of the stop.
            guard let outcome = await reload() else { continue }
            if !engine.reloads.isStopped { notifier.ready() }
            engine.reloads.ended(number, outcome)
        }
    }

    /// - Returns: nil when the daemon stops meanwhile.
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

/// Why a configuration that is right in itself cannot be put in place of the one that runs.
struct ReloadRefusal: Error, CustomStringConvertible {
    let description: String

    /// Nil when nothing has changed that only a start can take over.
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
