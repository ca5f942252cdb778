import SpoolConfig
import SpoolCore
import SpoolDaemon
import SpoolStore
import SpoolTestSupport
import Testing

@testable import SpoolEngine
@testable import SpoolServer

@Suite("Metrics of a spool")
struct MetricsSnapshotTests {
    private static let now = Timestamp(milliseconds: 1_795_000_000_000)

    /// One stream and two sinks: three events fetched, two of them settled for the first sink; the second is
    /// down.
    ///
    /// With `hasLeft`, the second sink is no longer configured.
    private func measured(
        hasLeft: Bool = false,
        _ change: (inout MetricsSnapshot) -> Void = { _ in }
    ) async throws -> String {
        let folder = try TemporaryFolder()
        var options = SpoolOptions(holder: "test")
        options.reserveBytes = 0
        let spool = try Spool.open(path: folder.path("spool.db"), options: options, at: Self.now)
        let name = try #require(StreamName("contoso/activities"))
        func register(_ sinks: [String]) async throws -> Registration {
            try await spool.register(
                Topology(
                    streams: [
                        Topology.Stream(name: name, kind: .activity, filterHash: "f"),
                        Topology.Stream(name: .notifications, kind: .alert),
                    ],
                    sinks: sinks.map {
                        Topology.Sink(name: SinkName($0), type: "syslog", streams: [name])
                    }
                ),
                at: Self.now
            )
        }
        let registered = try await register(["siem", "second"])
        let stream = try #require(registered.streams[name])
        let sink = try #require(registered.sinks[SinkName("siem")])
        let second = try #require(registered.sinks[SinkName("second")])
        let meters = MetricsRecorder(spool: spool, time: SystemTime.timekeeper())
        try await meters.look(at: SystemTime.now())
        _ = try await spool.append(
            .samples(stream, count: 3, created: Self.now - .seconds(50), fetched: Self.now - .seconds(40))
        )
        try await spool.settleFirst(2, of: stream, for: sink, at: Self.now - .seconds(30))
        for attempt in 1...3 {
            try await spool.report(
                SinkReport(state: .retrying, lastError: "refused", attempts: attempt, retryAt: Self.now),
                of: second
            )
        }
        if hasLeft { _ = try await register(["siem"]) }
        try await meters.look(at: SystemTime.now())
        let status = try await spool.status()
        let words = status.sinks.map { ($0.name, SinkCondition.of($0, NotificationSettings(), at: Self.now)) }
        var measurements = MetricsSnapshot(
            at: Self.now,
            started: Self.now - .hours(1),
            version: "1",
            sqlite: "3",
            process: ProcessFacts(resident: 4_096, processor: 1.5, openFiles: 7),
            status: status,
            words: hasLeft
                ? Dictionary(uniqueKeysWithValues: words)
                : [SinkName("siem"): "connected", SinkName("second"): "connection error"],
            failures: try await spool.failures(),
            reading: meters.reading,
            maxSize: 1 << 30,
            isPaused: false
        )
        change(&measurements)
        let text = PrometheusText.text(measurements.families)
        try await spool.close(at: Self.now)
        return text
    }

    @Test(
        "says what happened",
        arguments: [
            #"spool_build_info{version="1",sqlite="3"} 1"#,
            "process_start_time_seconds 1794996400",
            "process_resident_memory_bytes 4096",
            "spool_size_limit_bytes 1073741824",
            "spool_fetching_paused 0",
            #"spool_events_fetched_total{stream="contoso/activities"} 3"#,
            #"spool_events_stored{stream="contoso/activities"} 3"#,
            #"spool_backlog_events{sink="siem",stream="contoso/activities"} 1"#,
            #"spool_backlog_events{sink="second",stream="contoso/activities"} 3"#,
            #"spool_backlog_age_seconds{sink="second",stream="contoso/activities"} 40"#,
            #"spool_events_settled_total{sink="siem",stream="contoso/activities",outcome="delivered"} 2"#,
            #"spool_events_settled_total{sink="second",stream="contoso/activities",outcome="delivered"} 0"#,
            #"spool_sink_retries_total{sink="siem"} 0"#,
            #"spool_sink_retries_total{sink="second"} 3"#,
            #"spool_sink_state{sink="second",state="connection error"} 1"#,
            #"spool_sink_state{sink="second",state="connected"} 0"#,
            #"spool_stream_since_timestamp_seconds{stream="contoso/activities"} 1794999950"#,
            #"spool_stream_since_lag_seconds{stream="contoso/activities"} 40"#,
            #"spool_coverage_gaps{stream="contoso/activities"} 0"#,
            #"spool_fetch_lag_seconds_bucket{stream="contoso/activities",le="5"} 0"#,
            #"spool_fetch_lag_seconds_bucket{stream="contoso/activities",le="15"} 3"#,
            #"spool_fetch_lag_seconds_bucket{stream="contoso/activities",le="+Inf"} 3"#,
            #"spool_fetch_lag_seconds_sum{stream="contoso/activities"} 30"#,
            #"spool_fetch_lag_seconds_count{stream="contoso/activities"} 3"#,
            #"spool_delivery_lag_seconds_bucket{sink="siem",le="15"} 2"#,
            #"spool_delivery_lag_seconds_count{sink="second"} 0"#,
            #"spool_notifications{severity="critical"} 0"#,
            #"spool_replays{state="running"} 0"#,
        ]
    )
    func line(line: String) async throws {
        let text = try await measured()

        #expect(text.split(separator: "\n").contains(Substring(line)), "\(text)")
    }

    @Test(
        "a removed sink keeps its series, in the state `disabled`, so that its lost events are counted",
        arguments: [
            #"spool_events_lost_total{sink="second",stream="contoso/activities"} 0"#,
            #"spool_backlog_events{sink="second",stream="contoso/activities"} 3"#,
            #"spool_sink_connected{sink="second"} 0"#,
            #"spool_sink_state{sink="second",state="disabled"} 1"#,
            #"spool_sink_state{sink="second",state="connection error"} 0"#,
            #"spool_sink_state{sink="siem",state="disabled"} 0"#,
        ]
    )
    func left(line: String) async throws {
        let text = try await measured(hasLeft: true)

        #expect(text.split(separator: "\n").contains(Substring(line)), "\(text)")
    }

    @Test("the unread time of a stream is a gap")
    func open() async throws {
        let name = try #require(StreamName("contoso/activities"))
        let text = try await measured {
            $0.openEnds = [name: UncoveredTime(from: Self.now - .seconds(90), to: Self.now)]
        }

        #expect(text.contains("\nspool_coverage_gaps{stream=\"contoso/activities\"} 1\n"), "\(text)")
        #expect(text.contains("\nspool_coverage_gap_seconds{stream=\"contoso/activities\"} 90\n"), "\(text)")
    }

    @Test("while fetching is paused, that is reported")
    func paused() async throws {
        let text = try await measured { $0.isPaused = true }

        #expect(text.contains("\nspool_fetching_paused 1\n"))
    }

    @Test("the notifications of the spool are not shown as a stream of a source")
    func own() async throws {
        let text = try await measured()

        #expect(!text.contains("spool/notifications"))
    }

    @Test("names follow the conventions: prefix, unit, and `_total` for counters alone")
    func names() async throws {
        let text = try await measured()

        let types = text.matches(of: #/(?m)^# TYPE (\S+) (\S+)$/#)
        #expect(types.count > 30)
        for type in types {
            let (name, kind) = (type.1, type.2)
            #expect(name.hasPrefix("spool_") || name.hasPrefix("process_"), "\(name)")
            #expect(name.hasSuffix("_total") == (kind == "counter"), "\(name)")
        }
        #expect(Set(types.map(\.1)).count == types.count)
    }
}

extension PageCommit {
    /// The only page of a poll, with events that were all saved at the position of the cursor.
    static func samples(_ stream: StreamID, count: Int, created: Timestamp, fetched: Timestamp) -> PageCommit
    {
        var body: [UInt8] = []
        let records = (0..<count).map { number in
            let start = body.count
            body += Array("{\"_id\":\"e\(number)\"}".utf8)
            let event = Event(externalID: "e\(number)", kind: .activity, occurred: created, created: created)
            return PageRecord(raw: start..<body.count, event: event)
        }
        return PageCommit(
            stream: stream,
            page: Page(body: body, records: records, date: fetched, next: nil),
            scan: Scan(reason: .poll, from: created, to: nil, filterHash: "f"),
            windowEnd: fetched,
            ended: .complete,
            progress: StreamProgress(start: created, cursor: Cursor(since: created), sweptTo: created),
            fetched: fetched
        )
    }
}

extension Spool {
    /// Delivers the first waiting events.
    func settleFirst(_ count: Int, of stream: StreamID, for sink: SinkID, at now: Timestamp) async throws {
        let subscription = try #require(
            try await subscriptions(of: sink).first { $0.stream == stream }
        )
        let batch = try #require(
            try await batch(
                of: stream,
                after: subscription.watermark,
                limit: BatchLimit(events: count),
                raw: false
            )
        )
        let (first, last) = (try #require(batch.first), try #require(batch.last))
        var commit = DeliveryCommit(sink: sink, at: now)
        commit.entries = [
            LedgerEntry(
                stream: stream,
                first: first,
                last: last,
                outcome: .delivered(.acknowledged),
                events: batch.count,
                bytes: 100,
                attempts: 1,
                sent: now,
                settled: now
            )
        ]
        commit.watermarks = [subscription.id: last]
        try await settle(commit)
    }
}
