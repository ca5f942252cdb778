import SpoolControl
import SpoolCore
import SpoolPipeline

/// Makes the status report of a running daemon.
struct StatusReporter: Sendable {
    let engine: Engine
    let addresses: [SinkName: String]

    /// How everything is.
    func report() async throws(StoreError) -> StatusReport {
        try await StatusReport(
            engine.spool,
            addresses: addresses,
            notifications: engine.notifications,
            at: engine.time.wall()
        )
    }
}
