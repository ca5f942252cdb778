import SpoolConfig
import SpoolControl
import SpoolCore
import SpoolEngine
import SpoolPipeline

/// Creates the status report of a running daemon.
struct StatusReporter: Sendable {
    let engine: Engine
    let current: CurrentComposition

    /// The current status.
    func report() async throws(StoreError) -> StatusReport {
        let composition = current.value
        var report = try await StatusReport(
            engine.spool,
            addresses: composition.addresses,
            notifications: engine.notifications,
            uncovered: engine.recorder.reading.gaps,
            at: engine.time.wall()
        )
        report.spool.limit = composition.spool.maxSize
        // The notification follows a moment later.
        report.reloadRefused = engine.reloads.refusal.map {
            RefusedReload(at: $0.at, cause: Sentence.ended($0.cause))
        }
        return report
    }
}
