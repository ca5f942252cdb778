import SpoolConfig
import SpoolControl
import SpoolCore
import SpoolPipeline
import SpoolStore

extension Measurements {
    /// Reads everything now.
    static func read(_ engine: Engine, _ composition: Composition) async throws(StoreError) -> Measurements {
        let now = engine.time.wall()
        let status = try await engine.spool.status()
        let report = try await StatusReport(engine.spool, addresses: composition.addresses, at: now)
        let words = report.sinks.map { (SinkName($0.name), $0.state) }
        return Measurements(
            at: now,
            started: engine.meters.started,
            version: SpoolVersion.number,
            sqlite: SpoolVersion.sqlite,
            process: ProcessFacts.current(),
            status: status,
            words: Dictionary(words) { first, _ in first },
            failures: try await engine.spool.failures(),
            reading: engine.meters.reading,
            maxSize: composition.spool.maxSize,
            isPaused: engine.spool.pause != nil
        )
    }
}
