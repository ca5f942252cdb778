import SpoolCore
import SpoolEngine
import SpoolStore

extension MetricsSnapshot {
    /// Every metric, in the order of `docs/monitoring.md`.
    var families: [MetricFamily] {
        processFamilies + spoolFamilies + streamFamilies + subscriptionFamilies + sinkFamilies + otherFamilies
            + auditFamilies
    }

    typealias Label = MetricSample.Label

    private var processFamilies: [MetricFamily] {
        [
            MetricFamily(
                name: "spool_build_info",
                kind: .gauge,
                help: "Always 1; the labels are the versions of spool and of the SQLite library in use.",
                samples: [
                    MetricSample(labels: [Label("version", version), Label("sqlite", sqlite)], value: 1)
                ]
            ),
            one(
                "process_start_time_seconds",
                .gauge,
                "When the process started, in seconds since 1970.",
                seconds(started)
            ),
            one(
                "process_cpu_seconds_total",
                .counter,
                "CPU time used by the process, in seconds.",
                process.processor
            ),
            one(
                "process_resident_memory_bytes",
                .gauge,
                "Resident memory of the process, in bytes.",
                Double(process.resident)
            ),
            one(
                "process_open_fds",
                .gauge,
                "Open file descriptors of the process.",
                Double(process.openFiles)
            ),
            one(
                "spool_log_lines_dropped_total",
                .counter,
                "Log lines dropped since the start because standard error was not read.",
                Double(droppedLogLines)
            ),
        ]
    }

    private var spoolFamilies: [MetricFamily] {
        [
            one(
                "spool_config_reload_failed",
                .gauge,
                "1 after a rejected reload, until the next one succeeds; otherwise 0.",
                isReloadRefused ? 1 : 0
            ),
            one(
                "spool_disk_free_bytes",
                .gauge,
                "Bytes free on the disk of the spool.",
                Double(status.size.diskFree)
            ),
            one(
                "spool_size_bytes",
                .gauge,
                "Bytes of pages in use: what counts against spool_size_limit_bytes.",
                Double(status.size.inUse)
            ),
            one(
                "spool_size_limit_bytes",
                .gauge,
                "The setting spool.retention.max_size: at this size fetching pauses.",
                Double(maxSize)
            ),
            one(
                "spool_file_size_bytes",
                .gauge,
                "Bytes of the database, including free pages and pages that are only in the write-ahead log "
                    + "so far.",
                Double(status.size.file)
            ),
            one("spool_wal_size_bytes", .gauge, "Bytes of the write-ahead log.", Double(status.size.wal)),
            one(
                "spool_checkpoint_failures_total",
                .counter,
                "Failures to copy the write-ahead log into the database since the start; a blocking reader "
                    + "does not count.",
                Double(checkpointFailures)
            ),
            one(
                "spool_reserve_intact",
                .gauge,
                "1 while the reserve for a full disk exists, 0 while it is released.",
                status.size.hasReserve ? 1 : 0
            ),
            one(
                "spool_fetching_paused",
                .gauge,
                "1 while fetching is paused for lack of space, otherwise 0.",
                isPaused ? 1 : 0
            ),
        ]
    }

    private var streamFamilies: [MetricFamily] {
        [
            streams(
                "spool_stream_connected",
                .gauge,
                "1 while the source answers for the stream, otherwise 0."
            ) { $0.state == "connected" ? 1 : 0 },
            streams(
                "spool_events_fetched_total",
                .counter,
                "Events of the stream ever spooled."
            ) { Double($0.inserted) },
            streams(
                "spool_events_unreadable_total",
                .counter,
                "Events ever spooled that could not be parsed; they are sent nevertheless."
            ) { Double($0.unreadable) },
            streams("spool_events_stored", .gauge, "Events of the stream in the spool now.") {
                Double($0.kept)
            },
            streams(
                "spool_stream_last_success_timestamp_seconds",
                .gauge,
                "When the last page of the stream was spooled, in seconds since 1970."
            ) { $0.lastSuccess.map(seconds) },
            streams(
                "spool_stream_newest_record_timestamp_seconds",
                .gauge,
                "The source's time of the newest record of the stream, in seconds since 1970."
            ) { $0.newest.map(seconds) },
            streams(
                "spool_stream_since_timestamp_seconds",
                .gauge,
                "The cursor: everything that the source saved before this time has been read once; in "
                    + "seconds since 1970."
            ) { $0.since.map(seconds) },
            streams(
                "spool_stream_since_lag_seconds",
                .gauge,
                "How far reading lags behind now: the cursor, or the end of a later poll; in seconds."
            ) { $0.readTo.map(lag) },
            streams(
                "spool_stream_swept_to_timestamp_seconds",
                .gauge,
                "Everything up to this time has been re-read, in seconds since 1970."
            ) { $0.sweptTo.map(seconds) },
            streams(
                "spool_stream_swept_to_lag_seconds",
                .gauge,
                "How far re-reading lags behind now, in seconds."
            ) { $0.sweptTo.map(lag) },
            streams(
                "spool_coverage_gaps",
                .gauge,
                "Time ranges that are not proved to have been read; an open one heals when the source is "
                    + "back."
            ) { Double(uncovered($0).count) },
            streams(
                "spool_coverage_gap_seconds",
                .gauge,
                "Total length of those time ranges, in seconds."
            ) { uncovered($0).reduce(0) { $0 + seconds($1.length) } },
            histogram(
                "spool_fetch_lag_seconds",
                "Time from when the source saved an event (alerts: from when it occurred) until it was "
                    + "spooled, in seconds.",
                streams.map { (Label("stream", $0.name.description), reading.fetched[$0.id]) }
            ),
        ]
    }

    private var subscriptionFamilies: [MetricFamily] {
        let outcomes: [(String, KeyPath<SpoolStatus.Subscription, Int>)] = [
            ("delivered", \.delivered), ("filtered", \.filtered), ("refused", \.refused),
        ]
        return [
            subscriptions("spool_backlog_events", .gauge, "Events of the stream that wait for the sink.") {
                Double($0.waiting)
            },
            subscriptions(
                "spool_backlog_age_seconds",
                .gauge,
                "How long the longest-waiting event for the sink has been in the spool, in seconds; 0 if "
                    + "none is waiting."
            ) { $0.oldestFetched.map(lag) ?? 0 },
            MetricFamily(
                name: "spool_events_settled_total",
                kind: .counter,
                help: "Events settled live for the sink, by outcome.",
                samples: eachSubscription { labels, subscription in
                    outcomes.map { name, count in
                        MetricSample(
                            labels: labels + [Label("outcome", name)],
                            value: Double(subscription[keyPath: count])
                        )
                    }
                }
            ),
            subscriptions(
                "spool_events_replayed_total",
                .counter,
                "Events delivered to the sink by replays."
            ) { Double($0.replayed) },
            subscriptions(
                "spool_events_lost_total",
                .counter,
                "Events that retention deleted before the sink, which was no longer configured, received "
                    + "them."
            ) { Double($0.lost) },
        ]
    }

    private var sinkFamilies: [MetricFamily] {
        [
            sinks("spool_sink_connected", .gauge, "1 while the sink accepts events, otherwise 0.") {
                $0.state == .connected ? 1 : 0
            },
            MetricFamily(
                name: "spool_sink_state",
                kind: .gauge,
                help: "1 for the current state of the sink, 0 for all others.",
                samples: sinks.flatMap { sink in
                    Self.sinkWords.map { word in
                        MetricSample(
                            labels: [Label("sink", sink.name.text), Label("state", word)],
                            value: words[sink.name] == word ? 1 : 0
                        )
                    }
                }
            ),
            sinks(
                "spool_sink_retries_total",
                .counter,
                "Failed attempts to connect or to send that are retried."
            ) { Double(failures[$0.id] ?? 0) },
            sinks(
                "spool_sink_last_success_timestamp_seconds",
                .gauge,
                "When an event was last settled for the sink, in seconds since 1970."
            ) { $0.lastSuccess.map(seconds) },
            sinks(
                "spool_dead_letters",
                .gauge,
                "Events that could not be delivered to the sink and have been neither delivered since nor "
                    + "dismissed."
            ) { Double($0.deadLetters) },
            sinks(
                "spool_messages_shortened_total",
                .counter,
                "Messages sent to the sink with texts cut or fields omitted to fit a limit; the spool has "
                    + "the complete record."
            ) { Double($0.shortened) },
            histogram(
                "spool_delivery_lag_seconds",
                "Time from when an event was spooled until it was settled live for the sink, in seconds.",
                sinks.map { (Label("sink", $0.name.text), reading.settled[$0.id]) }
            ),
        ]
    }

    private var otherFamilies: [MetricFamily] {
        let states: [Replay.State] = [.running, .paused]
        return [
            MetricFamily(
                name: "spool_replays",
                kind: .gauge,
                help: "Unfinished replays, by state.",
                samples: states.map { state in
                    MetricSample(
                        labels: [Label("state", state.rawValue)],
                        value: Double(status.replays.count { $0.state == state })
                    )
                }
            ),
            MetricFamily(
                name: "spool_notifications",
                kind: .gauge,
                help: "Active notifications, by severity.",
                samples: Self.severities.map { severity in
                    MetricSample(
                        labels: [Label("severity", severity.rawValue)],
                        value: Double(status.notifications.count { $0.severity == severity })
                    )
                }
            ),
        ]
    }
}
