import SpoolConfig
import SpoolControl
import SpoolCore
import SpoolEngine
import SpoolPipeline
import SpoolStore

extension MetricsSnapshot {
    /// Reads everything now.
    static func read(_ engine: Engine, _ composition: Composition, droppedLogLines: Int)
        async throws(StoreError) -> MetricsSnapshot
    {
        let now = engine.time.wall()
        let status = try await engine.spool.status()
        let settings = engine.notifications
        let words = status.sinks.map { ($0.name, SinkCondition.of($0, settings, at: now)) }
        return MetricsSnapshot(
            at: now,
            started: engine.recorder.started,
            version: ProgramVersion.number,
            sqlite: SpoolVersion.sqlite,
            process: ProcessFacts.current(),
            status: status,
            words: Dictionary(words) { first, _ in first },
            failures: try await engine.spool.failures(),
            reading: engine.recorder.reading,
            openEnds: try await engine.spool.openEnds(at: now),
            audit: try await engine.spool.lastProof(.audit).flatMap(ProofStatus.init),
            auditsSince: composition.audit.every == nil ? nil : status.firstRun,
            maxSize: composition.spool.maxSize,
            isPaused: engine.spool.pause != nil,
            isReloadRefused: engine.reloads.refusal != nil,
            checkpointFailures: engine.spool.checkpointFailures,
            droppedLogLines: droppedLogLines
        )
    }
}
