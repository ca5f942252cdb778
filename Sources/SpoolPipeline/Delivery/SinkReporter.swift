import SpoolCore

/// Stores a sink's state in the spool for `status`.
struct SinkReporter: Sendable {
    let sink: SinkID
    let store: any DeliveryStore
    let time: Clocks
    /// The sink's address, for the text of a suspicion.
    let address: String

    /// A connection is open; after failures, the last one stays visible until something is settled or proved.
    func reportConnection(_ health: SinkHealth, _ suspicion: Suspicion, isHeld: Bool, message: String?)
        async throws(StoreError)
    {
        try await report(
            SinkReport(
                state: isHeld ? .held : .connected,
                lastError: health.failures > 0 ? message : nil,
                attempts: health.failures,
                at: time.wall(),
                cuts: health.isCutEarly ? health.cuts : 0,
                suspicion: suspicion.text(address),
                isProved: suspicion.isProved
            )
        )
    }

    /// Something was settled after failures, or a suspicion turned out to be unfounded (`isProved`).
    func reportRecovery(isProved: Bool) async throws(StoreError) {
        let now = time.wall()
        try await report(SinkReport(state: .connected, lastSuccess: now, at: now, isProved: isProved))
    }

    /// A connection has stayed open while there was nothing to send: the failures before it are resolved.
    func reportProof() async throws(StoreError) {
        try await report(SinkReport(state: .connected, at: time.wall()))
    }

    /// An attempt failed.
    func reportFailure(
        _ health: SinkHealth,
        _ suspicion: Suspicion,
        isHeld: Bool,
        message: String,
        pause: Duration
    ) async throws(StoreError) {
        let now = time.wall()
        try await report(
            SinkReport(
                state: isHeld ? .held : .retrying,
                lastError: message,
                attempts: health.failures,
                retryAt: now + pause,
                at: now,
                cuts: health.isCutEarly ? health.cuts : 0,
                suspicion: suspicion.text(address),
                isProved: suspicion.isProved
            )
        )
    }

    private func report(_ report: SinkReport) async throws(StoreError) {
        do throws(StoreError) {
            try await store.report(report, of: sink)
        } catch {
            // A full disk must not stop a drain that would free it.
            guard error.isPassing else { throw error }
        }
    }
}
