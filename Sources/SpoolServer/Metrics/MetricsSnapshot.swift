import Foundation
import SpoolConfig
import SpoolControl
import SpoolCore
import SpoolEngine
import SpoolPipeline
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

/// Builds metric families from rows of the status.
extension MetricsSnapshot {
    func one(_ name: String, _ kind: MetricFamily.Kind, _ help: String, _ value: Double)
        -> MetricFamily
    {
        MetricFamily(name: name, kind: kind, help: help, samples: [MetricSample(value: value)])
    }

    func streams(
        _ name: String,
        _ kind: MetricFamily.Kind,
        _ help: String,
        _ value: (SpoolStatus.Stream) -> Double?
    ) -> MetricFamily {
        let samples = streams.compactMap { stream in
            value(stream).map {
                MetricSample(labels: [Label("stream", stream.name.description)], value: $0)
            }
        }
        return MetricFamily(name: name, kind: kind, help: help, samples: samples)
    }

    func sinks(
        _ name: String,
        _ kind: MetricFamily.Kind,
        _ help: String,
        _ value: (SpoolStatus.Sink) -> Double?
    ) -> MetricFamily {
        let samples = sinks.compactMap { sink in
            value(sink).map { MetricSample(labels: [Label("sink", sink.name.text)], value: $0) }
        }
        return MetricFamily(name: name, kind: kind, help: help, samples: samples)
    }

    func subscriptions(
        _ name: String,
        _ kind: MetricFamily.Kind,
        _ help: String,
        _ value: (SpoolStatus.Subscription) -> Double
    ) -> MetricFamily {
        let samples = eachSubscription { [MetricSample(labels: $0, value: value($1))] }
        return MetricFamily(name: name, kind: kind, help: help, samples: samples)
    }

    func eachSubscription(
        _ samples: ([MetricSample.Label], SpoolStatus.Subscription) -> [MetricSample]
    ) -> [MetricSample] {
        sinks.flatMap { sink in
            sink.subscriptions.flatMap { subscription in
                samples(
                    [Label("sink", sink.name.text), Label("stream", subscription.stream.description)],
                    subscription
                )
            }
        }
    }

    func histogram(_ name: String, _ help: String, _ rows: [(MetricSample.Label, LagHistogram?)])
        -> MetricFamily
    {
        let samples = rows.flatMap { label, measured in
            let lags = measured ?? LagHistogram()
            let bounds = LagHistogram.bounds.map(String.init) + ["+Inf"]
            var below = 0
            let buckets = zip(bounds, lags.counts).map { bound, count in
                below += count
                return MetricSample(
                    suffix: "_bucket",
                    labels: [label, Label("le", bound)],
                    value: Double(below)
                )
            }
            return buckets + [
                MetricSample(suffix: "_sum", labels: [label], value: Double(lags.sum) / 1_000),
                MetricSample(suffix: "_count", labels: [label], value: Double(lags.count)),
            ]
        }
        return MetricFamily(name: name, kind: .histogram, help: help, samples: samples)
    }

    func seconds(_ time: Timestamp) -> Double { Double(time.milliseconds) / 1_000 }
    func seconds(_ length: Duration) -> Double { Double(length.milliseconds) / 1_000 }
    func lag(_ time: Timestamp) -> Double { max(0, seconds(at.since(time))) }
}

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

/// The result of the last audit; without samples if audits are off and none was ever completed.
extension MetricsSnapshot {
    var auditFamilies: [MetricFamily] {
        [
            audit(
                "spool_audit_last_timestamp_seconds",
                "When the last completed audit ended, in seconds since 1970; before the first, when the "
                    + "spool was created."
            ) { seconds($0?.finished ?? auditsSince ?? at) },
            audit("spool_audit_events", "Distinct event ids that the last audit compared.") {
                Double($0?.events ?? 0)
            },
            audit(
                "spool_audit_missing_events",
                "Events that the last audit found missing: never fetched, or not at a sink."
            ) { Double($0?.missing ?? 0) },
            audit(
                "spool_audit_unprovable_events",
                "Compared ids that retention had deleted: their delivery is no longer in the ledger."
            ) { Double($0?.unprovable ?? 0) },
            audit(
                "spool_audit_complete",
                "1 if the last audit proved its whole window and nothing was missing, otherwise 0."
            ) { $0?.complete == true ? 1 : 0 },
        ]
    }

    private func audit(_ name: String, _ help: String, _ value: (ProofStatus?) -> Double) -> MetricFamily {
        let isKnown = audit != nil || auditsSince != nil
        return MetricFamily(
            name: name,
            kind: .gauge,
            help: help,
            samples: isKnown ? [MetricSample(labels: [], value: value(audit))] : []
        )
    }
}

/// Facts about this process from the operating system.
struct ProcessFacts: Sendable, Equatable {
    /// Resident memory in bytes.
    var resident: Int64
    /// CPU time in seconds.
    var processor: Double
    /// Open files and sockets.
    var openFiles: Int

    /// This process now.
    static func current() -> ProcessFacts {
        let pages = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8))?
            .split(separator: " ").dropFirst().first.flatMap { Int64($0) }
        var usage = rusage()
        // RUSAGE_SELF: Glibc imports the constant with a type that getrusage does not accept.
        getrusage(0, &usage)
        let open = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd"))?.count
        return ProcessFacts(
            resident: (pages ?? 0) * Int64(sysconf(Int32(_SC_PAGESIZE))),
            processor: seconds(usage.ru_utime) + seconds(usage.ru_stime),
            openFiles: open ?? 0
        )
    }

    private static func seconds(_ time: timeval) -> Double {
        Double(time.tv_sec) + Double(time.tv_usec) / 1_000_000
    }
}
