import SpoolControl
import SpoolCore
import SpoolEngine
import SpoolStore

/// All values for the metrics, read at one moment.
struct MetricsSnapshot: Sendable {
    var at: Timestamp
    var started: Timestamp
    var version: String
    var sqlite: String
    var process: ProcessFacts
    var status: SpoolStatus
    /// The state of each sink as `status` shows it.
    var words: [SinkName: String]
    var failures: [SinkID: Int]
    var reading: MetricsRecorder.Reading
    /// The open gap of each stream now: read for every request, unlike the values of the recorder.
    var openEnds: [StreamName: UncoveredTime] = [:]
    /// The last completed audit.
    var audit: ProofStatus?
    /// When the spool was created, if audits are on: before the first audit, this counts as the last one.
    var auditsSince: Timestamp?
    /// `spool.retention.max_size`.
    var maxSize: Int64
    var isPaused: Bool
    /// True while the last reload was rejected.
    var isReloadRefused = false
    var checkpointFailures = 0
    var droppedLogLines = 0

    /// All states that a sink may have.
    static let sinkWords = [
        "created", "connected", "doubtful", "retrying", "connection error", "disconnected", "held",
        "disabled",
    ]
    static let severities: [NotificationSeverity] = [.information, .warning, .error, .critical]

    /// All times of a stream that are not proved to have been read, as in the view `gaps`.
    func uncovered(_ stream: SpoolStatus.Stream) -> [UncoveredTime] {
        (reading.gaps[stream.id] ?? []) + [openEnds[stream.name]].compactMap { $0 }
    }

    /// Streams that are fetched.
    var streams: [SpoolStatus.Stream] { status.streams.filter(\.isFetched) }

    /// All sinks in the spool: one that was removed from the configuration keeps its series, so that the
    /// events that retention deletes meanwhile are counted.
    var sinks: [SpoolStatus.Sink] { status.sinks }
}
