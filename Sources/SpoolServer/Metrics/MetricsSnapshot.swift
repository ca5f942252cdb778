import SpoolControl
import SpoolCore
import SpoolEngine
import SpoolStore

/// All that metrics are made of, read at one moment.
struct MetricsSnapshot: Sendable {
    var at: Timestamp
    var started: Timestamp
    var version: String
    var sqlite: String
    var process: ProcessFacts
    var status: SpoolStatus
    /// The word that `status` has for each sink.
    var words: [SinkName: String]
    var failures: [SinkID: Int]
    var reading: MetricsRecorder.Reading
    /// What of each stream lies open now: read at every asking, unlike what the meters have.
    var openEnds: [StreamName: UncoveredTime] = [:]
    /// The last audit that was done.
    var audit: ProofStatus?
    /// When the spool was made, if audits are on: before the first one, it counts as the last.
    var auditsSince: Timestamp?
    /// `spool.retention.max_size`.
    var maxSize: Int64
    var isPaused: Bool
    /// True while the last reload was refused.
    var isReloadRefused = false
    var checkpointFailures = 0
    var droppedLogLines = 0

    /// Every word a sink's state may have.
    static let sinkWords = [
        "created", "connected", "doubtful", "retrying", "connection error", "disconnected", "held",
        "disabled",
    ]
    static let severities: [NotificationSeverity] = [.information, .warning, .error, .critical]

    /// All that is not proved to be read of a stream, as the view `gaps` has it.
    func uncovered(_ stream: SpoolStatus.Stream) -> [UncoveredTime] {
        (reading.gaps[stream.id] ?? []) + [openEnds[stream.name]].compactMap { $0 }
    }

    /// Streams that are fetched.
    var streams: [SpoolStatus.Stream] { status.streams.filter(\.isFetched) }

    /// Every sink that the spool knows: one that left the configuration keeps its series, so that what retention takes
    /// meanwhile is seen to grow.
    var sinks: [SpoolStatus.Sink] { status.sinks }
}
