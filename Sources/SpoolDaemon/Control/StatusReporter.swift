import SpoolConfig
import SpoolControl
import SpoolCore
import SpoolPipeline

/// Makes the status report of a running daemon.
struct StatusReporter: Sendable {
    let engine: Engine
    let current: CurrentComposition

    /// How everything is.
    func report() async throws(StoreError) -> StatusReport {
        let composition = current.value
        var report = try await StatusReport(
            engine.spool,
            addresses: composition.addresses,
            notifications: engine.notifications,
            at: engine.time.wall()
        )
        report.spool.limit = composition.spool.maxSize
        return report
    }
}
