import SpoolControl
import SpoolCore
import SpoolStore

/// All that metrics are made of, read at one moment.
struct Measurements: Sendable {
    var at: Timestamp
    var started: Timestamp
    var version: String
    var sqlite: String
    var process: ProcessFacts
    var status: SpoolStatus
    /// The word that `status` has for each sink.
    var words: [SinkName: String]
    var failures: [SinkID: Int]
    var reading: Meters.Reading
    /// `spool.retention.max_size`.
    var maxSize: Int64
    var isPaused: Bool

    /// Every word a sink's state may have.
    static let sinkWords = [
        "created", "connected", "retrying", "connection error", "disconnected", "held", "disabled",
    ]
    static let severities: [NotificationSeverity] = [.information, .warning, .error, .critical]

    /// Streams that are fetched.
    var streams: [SpoolStatus.Stream] { status.streams.filter(\.isFetched) }

    /// Sinks that are in the configuration.
    var sinks: [SpoolStatus.Sink] { status.sinks.filter { $0.state != .disabled } }
}
