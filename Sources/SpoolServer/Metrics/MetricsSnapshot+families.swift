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
                help: "Always 1; the labels tell the version of spool and of the SQLite it runs with.",
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
                "Processor time the process has used, in seconds.",
                process.processor
            ),
            one(
                "process_resident_memory_bytes",
                .gauge,
                "Memory the process has, in bytes.",
                Double(process.resident)
            ),
            one(
                "process_open_fds",
                .gauge,
                "Files and sockets the process has open.",
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
                "1 after a reload that was refused, until the next one that is carried out; otherwise 0.",
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
                "The setting spool.retention.max_size: at this size fetching stands still.",
                Double(maxSize)
            ),
            one(
                "spool_file_size_bytes",
                .gauge,
                "Bytes of the database, free pages and those included that only the write-ahead log has yet.",
                Double(status.size.file)
            ),
            one("spool_wal_size_bytes", .gauge, "Bytes of the write-ahead log.", Double(status.size.wal)),
            one(
                "spool_checkpoint_failures_total",
                .counter,
                "Times the write-ahead log could not be copied into the database since the start; a reader in the way is none.",
                Double(checkpointFailures)
            ),
            one(
                "spool_reserve_intact",
                .gauge,
                "1 while the reserve for a full disk is there, 0 while it is given up.",
                status.size.hasReserve ? 1 : 0
            ),
            one(
                "spool_fetching_paused",
                .gauge,
                "1 while fetching stands still for want of room, else 0.",
                isPaused ? 1 : 0
            ),
        ]
    }

    private var streamFamilies: [MetricFamily] {
        [
            streams(
                "spool_stream_connected",
                .gauge,
                "1 while the source answers for the stream, else 0."
            ) { $0.state == "connected" ? 1 : 0 },
            streams(
                "spool_events_fetched_total",
                .counter,
                "Events ever spooled, of the stream."
            ) { Double($0.inserted) },
            streams(
                "spool_events_unreadable_total",
                .counter,
                "Events ever spooled that could not be understood; they are sent all the same."
            ) { Double($0.unreadable) },
            streams("spool_events_stored", .gauge, "Events in the spool now, of the stream.") {
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
                "The cursor: everything the source saved before has been read once; in seconds since 1970."
            ) { $0.since.map(seconds) },
            streams(
                "spool_stream_since_lag_seconds",
                .gauge,
                "How far reading is behind now: the cursor, or a later end of a poll; in seconds."
            ) { $0.readTo.map(lag) },
            streams(
                "spool_stream_swept_to_timestamp_seconds",
                .gauge,
                "Up to here everything has been read a second time, in seconds since 1970."
            ) { $0.sweptTo.map(seconds) },
            streams(
                "spool_stream_swept_to_lag_seconds",
                .gauge,
                "How far the second reading is behind now, in seconds."
            ) { $0.sweptTo.map(lag) },
            streams(
                "spool_coverage_gaps",
                .gauge,
                "Stretches of time that are not proved to be read; one that lies open heals when the source is back."
            ) { Double(uncovered($0).count) },
            streams(
                "spool_coverage_gap_seconds",
                .gauge,
                "How long those stretches are together, in seconds."
            ) { uncovered($0).reduce(0) { $0 + seconds($1.length) } },
            histogram(
                "spool_fetch_lag_seconds",
                "From the source's saving of an event (alerts: from its happening) to its being spooled, in seconds.",
                streams.map { (Label("stream", $0.name.description), reading.fetched[$0.id]) }
            ),
        ]
    }

    private var subscriptionFamilies: [MetricFamily] {
        let outcomes: [(String, KeyPath<SpoolStatus.Subscription, Int>)] = [
            ("delivered", \.delivered), ("filtered", \.filtered), ("refused", \.refused),
        ]
        return [
            subscriptions("spool_backlog_events", .gauge, "Events that wait for the sink, of the stream.") {
                Double($0.waiting)
            },
            subscriptions(
                "spool_backlog_age_seconds",
                .gauge,
                "How long the event that has waited longest for the sink has been in the spool, in seconds; 0 when none waits."
            ) { $0.oldestFetched.map(lag) ?? 0 },
            MetricFamily(
                name: "spool_events_settled_total",
                kind: .counter,
                help: "Events settled live for the sink, by what became of them.",
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
                "Events that retention took before the sink, which had left the configuration, could have them."
            ) { Double($0.lost) },
        ]
    }

    private var sinkFamilies: [MetricFamily] {
        [
            sinks("spool_sink_connected", .gauge, "1 while the sink takes events, else 0.") {
                $0.state == .connected ? 1 : 0
            },
            MetricFamily(
                name: "spool_sink_state",
                kind: .gauge,
                help: "1 for the state the sink is in, 0 for every other.",
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
                "Attempts to connect or to send that failed and are made again."
            ) { Double(failures[$0.id] ?? 0) },
            sinks(
                "spool_sink_last_success_timestamp_seconds",
                .gauge,
                "When something was settled for the sink last, in seconds since 1970."
            ) { $0.lastSuccess.map(seconds) },
            sinks(
                "spool_dead_letters",
                .gauge,
                "Events that could not be delivered to the sink and are neither delivered since nor dismissed."
            ) { Double($0.deadLetters) },
            sinks(
                "spool_messages_shortened_total",
                .counter,
                "Messages sent to the sink with texts cut or fields left out to keep a limit; the spool has the whole record."
            ) { Double($0.shortened) },
            histogram(
                "spool_delivery_lag_seconds",
                "From an event's being spooled to its being settled live for the sink, in seconds.",
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
                help: "Replays that have not ended, by state.",
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
                help: "Notifications that stand, by severity.",
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
