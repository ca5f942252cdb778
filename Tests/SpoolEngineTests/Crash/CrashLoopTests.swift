import Logging
import SpoolCore
import SpoolDaemon
import SpoolPipeline
import SpoolStore
import SpoolTestSupport
import Testing

@testable import SpoolEngineTestSupport
@testable import SpoolEngine

/// A spool whose process, a child of the test, is crashed repeatedly by a record.
enum CrashingDaemon {
    private static let quiet = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
    static let sink = SinkName("siem")

    static func open(_ path: String) throws -> Spool {
        var options = SpoolOptions(holder: "test")
        options.reserveBytes = 0
        options.lowDiskBytes = 0
        return try Spool.open(path: path, options: options, at: SystemTime.now())
    }

    private static func register(_ spool: Spool, _ source: TrappingSource) async throws -> Registration {
        let streams = source.streams.map { Topology.Stream(name: $0.name, kind: $0.kind, filterHash: "f") }
        let sinks = [Topology.Sink(name: sink, type: "trapping", streams: streams.map(\.name))]
        return try await spool.register(Topology(streams: streams, sinks: sinks), at: SystemTime.now())
    }

    /// Fetches until the stream with the poison record has been requested four times; the process may crash
    /// before.
    static func fetch(_ path: String) async throws {
        let (source, time) = (TrappingSource(), SystemTime.timekeeper())
        let spool = try open(path)
        let loop = FetchLoop(
            source: source,
            streams: try await register(spool, source).streams,
            store: spool,
            gate: RequestGate(perMinute: source.requestsPerMinute, time: time),
            crashes: try await PoisonGuard.begin(spool, time: time, logger: quiet),
            time: time,
            appended: ChangeSignal(),
            logger: quiet
        )
        let stop = ShutdownRequest()
        async let ended: Void = loop.run(stop: stop)
        while source.asked.version < 4 { await source.asked.changed(after: source.asked.version) }
        stop.ask()
        try await ended
        try await spool.close(at: SystemTime.now())
    }

    /// Spools the records, including the poison record, without parsing them.
    static func fill(_ path: String) async throws {
        let source = TrappingSource()
        let spool = try open(path)
        let registration = try await register(spool, source)
        let stream = source.streams[0]
        let id = try #require(registration.streams[stream.name])
        let start = source.date - .days(1)
        try await spool.begin(id, start: start, sweptTo: start)
        var body: [UInt8] = []
        let records = TrappingSource.records.map { key in
            let begin = body.count
            body += Array(key.utf8)
            let event = Event(externalID: key, kind: .activity, occurred: source.date, created: source.date)
            return PageRecord(raw: begin..<body.count, event: event)
        }
        let scan = Scan(reason: .poll, from: start, to: nil, filterHash: "f")
        let commit = ScanStep.commit(
            Page(body: body, records: records, date: source.date, next: nil),
            of: scan,
            stream: stream,
            id: id,
            progress: try await spool.progress(of: id),
            fetched: source.date
        )
        _ = try await spool.append(commit)
        try await spool.close(at: SystemTime.now())
    }

    /// Delivers until the last event was accepted; the process may crash before.
    @discardableResult
    static func deliver(_ path: String) async throws -> [String] {
        let (sink, time) = (TrappingSink(), SystemTime.timekeeper())
        let spool = try open(path)
        let registration = try await register(spool, TrappingSource())
        let loop = DeliveryLoop(
            sink: sink,
            id: try #require(registration.sinks[Self.sink]),
            store: spool,
            crashes: try await PoisonGuard.begin(spool, time: time, logger: quiet),
            time: time,
            appended: ChangeSignal(),
            lanesChanged: ChangeSignal(),
            logger: quiet
        )
        let stop = ShutdownRequest()
        async let ended: Void = loop.run(stop: stop)
        while sink.ids.last != TrappingSource.records.last {
            let version = sink.took.version
            if sink.ids.last != TrappingSource.records.last { await sink.took.changed(after: version) }
        }
        stop.ask()
        try await ended
        try await spool.close(at: SystemTime.now())
        return sink.ids
    }

    /// The contents of the spool after the process has ended.
    static func number(_ path: String, _ sql: String) async throws -> Int {
        let spool = try Spool.openReadOnly(path: path)
        let number = try await spool.number(sql)
        try await spool.close(at: SystemTime.now())
        return number
    }
}

@Suite("A record that crashes the process", .timeLimit(.minutes(5)))
struct CrashLoopTests {
    private static let suspicious =
        "SELECT coalesce(max(ends), 0) FROM crash_mark WHERE place NOT LIKE 'one %'"
    private static let single =
        "SELECT coalesce(max(ends + is_set), 0) FROM crash_mark WHERE place LIKE 'one %'"

    @Test(
        "when parsed: after three crashes under its page's mark and three under its own, it is kept unparsed"
    )
    func page() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path("spool.db")
        // The first crash follows a clean shutdown, so that nothing is marked yet.
        for expected in [0, 0, 1, 2, 3, 3, 3] {
            let result = await #expect(processExitsWith: .failure) { [path = path as String] in
                try await CrashingDaemon.fetch(path)
            }
            try Self.expectTrap(result)
            #expect(try await CrashingDaemon.number(path, Self.suspicious) == expected)
        }
        #expect(try await CrashingDaemon.number(path, Self.single) == 3)

        // The eighth start survives, and so does a start after a clean shutdown, which reads the same page
        // again.
        try await CrashingDaemon.fetch(path)
        try await CrashingDaemon.fetch(path)

        let spool = try CrashingDaemon.open(path)
        let readable = "SELECT count(*) FROM event WHERE readable = 1 AND stream_id = "
        let stream = "(SELECT id FROM stream WHERE name = 'contoso/activities')"
        #expect(try await spool.number(readable + stream) == 19)
        #expect(try await spool.texts("SELECT raw FROM events WHERE readable = 0") == ["trap"])
        #expect(
            try await spool.number(readable + "(SELECT id FROM stream WHERE name LIKE '%harmless')") == 19
        )
        let traps = try await spool.status().traps
        #expect(traps.map(\.subject) == ["contoso/activities"])
        #expect(traps.map(\.records) == [1])
        let rules = NotificationRules(maxSize: 1 << 40, lookBacks: [:])
        let now = SystemTime.now()
        let (status, wal) = (try await spool.status(), try await spool.walReport(at: now))
        let told = rules.wanted(status, wal: wal, pause: nil, at: now)
        #expect(told.map(\.code) == ["Internal error"])
        try await spool.close(at: SystemTime.now())
    }

    @Test(
        "when rendered: after three crashes under its batch's and its own mark each, it is a dead letter"
    )
    func batch() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path("spool.db")
        try await CrashingDaemon.fill(path)
        for _ in 0..<7 {
            let result = await #expect(processExitsWith: .failure) { [path = path as String] in
                try await CrashingDaemon.deliver(path)
            }
            try Self.expectTrap(result)
        }
        #expect(try await CrashingDaemon.number(path, Self.single) == 3)

        let taken = try await CrashingDaemon.deliver(path)

        #expect(!taken.contains("trap"))
        let spool = try CrashingDaemon.open(path)
        #expect(
            try await spool.texts("SELECT id FROM dead_letters WHERE reason = 'unrenderable'") == ["trap"]
        )
        let delivered = "SELECT sum(events) FROM ledger WHERE outcome = 'delivered'"
        #expect(try await spool.number(delivered) == 19)
        #expect(try await spool.number("SELECT waiting FROM backlog WHERE stream LIKE '%activities'") == 0)
        #expect(try await spool.status().traps.map(\.subject) == ["siem"])
        try await spool.close(at: SystemTime.now())
    }

    @Test("nothing is marked after a clean shutdown")
    func cleanEnd() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path("spool.db")
        try await CrashingDaemon.fill(path)
        await #expect(processExitsWith: .failure) { [path = path as String] in
            try await CrashingDaemon.deliver(path)
        }

        #expect(try await CrashingDaemon.number(path, "SELECT count(*) FROM crash_mark") == 0)
    }

    /// A thrown error would also end the process, and would prove nothing.
    private static func expectTrap(_ result: ExitTest.Result?) throws {
        guard case .signal = try #require(result).exitStatus else {
            Issue.record("the process ended by itself: \(String(describing: result?.exitStatus))")
            return
        }
    }
}
