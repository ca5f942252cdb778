import Logging
import SpoolCore
import SpoolPipeline
import SpoolSimulator
import SpoolStore
import SpoolTestSupport
import Synchronization
import Testing

@testable import SpoolEngineTestSupport
@testable import SpoolEngine

@Suite("A local clock that is set while the daemon is running", .timeLimit(.minutes(5)))
struct ClockStepTests {
    private static let steps: [Duration] = [
        .hours(1), .hours(-1), .days(400), .days(-400), .days(365 * 30), .days(-365 * 30),
    ]

    @Test(
        "stops neither fetching nor retention nor notifications, and causes no gap in coverage",
        arguments: ClockStepTests.steps,
        [UInt64(1), 2]
    )
    func goesOn(step: Duration, seed: UInt64) async throws {
        try await PortalBench.with(wallAhead: .zero) { bench in
            let portal = bench.portal
            portal.fill(perSecond: 1.0 / 600, from: PortalBench.begin - .days(1), for: .days(3))
            let yaml = EngineRun.yaml(
                [
                    (
                        "contoso",
                        "url: \"\(portal.url)\", poll: 1m, auth: { token: \"${TOKEN}\" }, "
                            + "streams: { activities: { start: 1d } }"
                    )
                ],
                retention: "1d"
            )
            var chance = SeededGenerator(seed: seed)
            try await EngineRun.with(bench, yaml, loops: 3) { daemon in
                try await daemon.run.pass(.minutes(Int.random(in: 5...30, using: &chance)))
                bench.wallStep.set(by: step)
                try await daemon.run.pass(.seconds(Int.random(in: 60...600, using: &chance)))
                let gaps = try await daemon.spool.number("SELECT count(*) FROM gap")
                portal.setCredentials(Credentials(tokens: ["another"]))
                try await daemon.run.pass(.minutes(10))
                let told = try await daemon.spool.status().notifications.map(\.code)
                portal.setCredentials(Credentials(tokens: [Credentials.defaultToken]))
                try await daemon.run.pass(.minutes(20))
                let after = try await daemon.spool.status().notifications.map(\.code)
                // Events older than a day may have been deleted.
                let recent = TruthWindow(fromMs: (bench.now - .hours(20)).milliseconds)
                let missing = portal.visibleIDs(.activities, recent)
                    .subtracting(try await daemon.spool.ids(.activities))
                bench.moveClocks(by: .days(1))
                try await daemon.run.pass(.minutes(30))

                #expect(gaps == 0)
                #expect(told.contains("Invalid token"))
                #expect(!after.contains("Invalid token"))
                #expect(missing.isEmpty)
                let prunedTo = try #require(try await daemon.spool.state(.activities)?.prunedTo)
                #expect(prunedTo > PortalBench.begin - .hours(6))
                #expect(prunedTo < bench.now - .hours(23))
                let ahead = try await daemon.spool.number(
                    "SELECT count(*) FROM stream WHERE polled_ms > "
                        + "\((bench.time.wall() + .minutes(5)).milliseconds)"
                )
                #expect(ahead == 0)
            }
        }
    }

    @Test("expires no token early and keeps none too long", arguments: ClockStepTests.steps)
    func tokens(step: Duration) async throws {
        var configuration = PortalBench.quiet()
        var application = Credentials.defaultApplication
        application.lifetime = .minutes(10)
        configuration.credentials = Credentials(tokens: [], application: application)
        try await PortalBench.with(configuration) { bench in
            bench.portal.fill(perSecond: 0.05, from: PortalBench.begin, for: .hours(1))
            try await bench.run(SourceText(auth: SourceText.application)) { run in
                try await run.pass(.minutes(25))
                bench.wallStep.set(by: step)
                try await run.pass(.minutes(36))

                let log = bench.portal.requests
                #expect(log.requests.allSatisfy { $0.status == 200 })
                #expect((6...10).contains(log.requests(for: .token).count))
                #expect(try await run.holdsTheTruth())
            }
        }
    }

    @Test("ends no refetch of a replay's window", arguments: ClockStepTests.steps)
    func refetch(step: Duration) async throws {
        try await PortalBench.with(PortalBench.quiet(history: 300), wallAhead: .zero) { bench in
            let yaml = EngineRun.yaml([
                (
                    "contoso",
                    "url: \"\(bench.portal.url)\", poll: 5m, requests_per_minute: 5, "
                        + "auth: { token: \"${TOKEN}\" }, streams: { activities: { start: 2d } }"
                )
            ])
            try await EngineRun.with(bench, yaml, loops: 3) { daemon in
                try await daemon.run.pass(.minutes(10))
                let request = ReplayRequest(
                    sink: SinkName("again"),
                    // Nothing listens there.
                    destination: "tcp://127.0.0.1:1",
                    from: PortalBench.begin - .days(2),
                    to: PortalBench.begin,
                    refetch: true
                )
                let replay = try await daemon.spool.create(request, at: bench.time.wall())
                daemon.engine.lanesChanged.notify()
                try await daemon.run.pass(.seconds(30))
                let before = try await daemon.spool.replay(replay.id)?.isRefetching
                bench.wallStep.set(by: step)
                let isRead = try await daemon.run.pass(atMost: .hours(1)) {
                    try await daemon.spool.replay(replay.id)?.isRefetching == false
                }

                #expect(before == true)
                #expect(isRead)
                #expect(try await daemon.spool.replay(replay.id)?.total == 300)
            }
        }
    }

    @Test("keeps audits at their interval, and none is reported as overdue", arguments: ClockStepTests.steps)
    func audits(step: Duration) async throws {
        try await PortalBench.with(wallAhead: .zero) { bench in
            let portal = bench.portal
            portal.fill(perSecond: 1.0 / 600, from: PortalBench.begin - .hours(3), for: .hours(12))
            let yaml = EngineRun.yaml(
                [
                    (
                        "contoso",
                        "url: \"\(portal.url)\", poll: 5m, requests_per_minute: 1000, "
                            + "auth: { token: \"${TOKEN}\" }, streams: { activities: { look_back: 10m } }"
                    )
                ],
                audit: "{ every: 2h, window: 1d }"
            )
            try await EngineRun.with(bench, yaml, loops: 4) { daemon in
                let audits = "SELECT count(*) FROM proof WHERE reason = 'audit' AND state = 'done'"
                try await daemon.run.pass(.minutes(220))
                let before = try await daemon.spool.number(audits)
                bench.wallStep.set(by: step)
                var told: Set<String> = []
                for _ in 0..<30 {
                    try await daemon.run.pass(.minutes(10))
                    told.formUnion(try await daemon.spool.status().notifications.map(\.code))
                }
                let after = try await daemon.spool.number(audits) - before

                #expect(before == 2)
                // One audit per interval, and none in addition because of the wrong time.
                #expect((2...3).contains(after))
                #expect(!told.contains("Audit overdue") && !told.contains("Proof failed"))
            }
        }
    }

    @Test(
        "loses no event to be sent, live or by a replay, and expires no replay",
        arguments: ClockStepTests.steps
    )
    func delivery(step: Duration) async throws {
        try await PortalBench.with(wallAhead: .zero) { bench in
            try await SteppedLoops.with(bench) { loops in
                let spool = loops.spool
                // Until the source has reported its time, retention deletes nothing: the replays run first.
                try await loops.append(20, from: PortalBench.begin - .days(1), tellsTime: false)
                try await loops.until { try await loops.waiting() == 0 }
                // From here on, nothing can be sent: one replay is running, one is paused, and live events
                // wait.
                loops.sink.set(.down)
                let window = (from: PortalBench.begin - .days(2), to: PortalBench.begin + .days(1))
                // Ten of the first twenty are kept by the paused one alone.
                let running = try await loops.replay(
                    (from: window.from, to: PortalBench.begin - .days(1) + .seconds(10))
                )
                let paused = try await loops.replay(window)
                try await spool.move(paused, to: .paused, at: bench.time.wall())
                try await loops.append(20, from: PortalBench.begin - .hours(20))
                try await loops.pass(.minutes(5))

                // Without free space, retention runs every two seconds, sooner than the notification loop
                // checks the clock.
                spool.limit(to: 1)
                _ = try await spool.mustPause()
                bench.wallStep.set(by: step)
                try await loops.pass(.minutes(10))
                let lost = try await spool.number(
                    "SELECT count(*) FROM notification WHERE code = 'Replay paused too long'"
                )
                let kept = try await spool.number("SELECT count(*) FROM event WHERE kind = 1")
                spool.limit(to: 1 << 40)
                _ = try await spool.mustPause()
                loops.sink.set(.up)
                try await loops.until {
                    guard try await loops.waiting() == 0 else { return false }
                    return try await spool.replay(running)?.state == .disabled
                }
                try await spool.move(paused, to: .running, at: bench.time.wall())
                loops.lanesChanged.notify()
                try await loops.until { try await spool.replay(paused)?.state == .disabled }

                #expect(lost == 0)
                #expect(kept == 40)
                #expect(loops.sink.settled == 20 + 20 + 10 + 20)

                // The limit itself still applies.
                loops.sink.set(.down)
                try await loops.append(5, from: bench.now - .minutes(10))
                let third = try await loops.replay(window)
                try await spool.move(third, to: .paused, at: bench.time.wall())
                loops.moveClocks(by: .days(8))
                try await loops.until {
                    try await spool.status().notifications.contains { $0.code == "Replay paused too long" }
                }
            }
        }
    }
}

/// The loops of a sink, retention and notifications over one spool, in simulated time.
private struct SteppedLoops {
    let bench: PortalBench
    let spool: Spool
    let sink: OutageSink
    let stream: StreamID
    let appended: ChangeSignal
    let lanesChanged: ChangeSignal
    let dates: SourceDates
    private let saved = Counter()

    private final class Counter: Sendable {
        private let count = Mutex(0)
        func next(_ many: Int) -> Int {
            count.withLock { count in
                defer { count += many }; return count
            }
        }
    }

    static func with(_ bench: PortalBench, _ body: (SteppedLoops) async throws -> Void) async throws {
        try await bench.withSpool { spool in
            let sink = OutageSink()
            sink.set(.up)
            let name = StreamName(source: "contoso", stream: "activities")
            let registration = try await spool.register(
                Topology(
                    streams: [.init(name: name, kind: .activity, filterHash: "f")],
                    sinks: [.init(name: sink.name, type: "test", streams: [name])]
                ),
                at: bench.time.wall()
            )
            let quiet = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
            let loops = SteppedLoops(
                bench: bench,
                spool: spool,
                sink: sink,
                stream: try #require(registration.streams[name]),
                appended: ChangeSignal(),
                lanesChanged: ChangeSignal(),
                dates: SourceDates(time: bench.time)
            )
            try await spool.begin(
                loops.stream,
                start: PortalBench.begin - .days(2),
                sweptTo: PortalBench.begin + .days(900)
            )
            let delivery = DeliveryLoop(
                sink: sink,
                id: try #require(registration.sinks[sink.name]),
                store: spool,
                time: bench.time,
                appended: loops.appended,
                lanesChanged: loops.lanesChanged,
                logger: quiet
            )
            let retention = RetentionLoop(
                spool: spool,
                dates: loops.dates,
                time: bench.time,
                logger: quiet,
                pruned: loops.lanesChanged,
                proofs: ProofSignals()
            )
            let watchman = NotificationLoop(
                spool: spool,
                rules: NotificationRules(maxSize: 1 << 40, lookBacks: [:]),
                time: bench.time,
                appended: ChangeSignal(),
                logger: quiet
            )
            let stop = ShutdownRequest()
            async let delivered: Void = delivery.run(stop: stop)
            async let pruned: Void = retention.run(age: .hours(1), sweepsBack: [:], stop: stop)
            async let watched: Void = watchman.run(stop: stop)
            let result: Swift.Result<Void, any Error>
            do {
                result = .success(try await body(loops))
            } catch {
                result = .failure(error)
            }
            sink.set(.up)
            stop.ask()
            try await delivered
            try await pruned
            try await watched
            try result.get()
        }
    }

    /// Stores events as a page of the source.
    func append(_ count: Int, from begin: Timestamp, tellsTime: Bool = true) async throws {
        let first = saved.next(count)
        var body: [UInt8] = []
        let records = (0..<count).map { index -> PageRecord in
            let start = body.count
            body += Array("{}".utf8)
            let at = begin + .seconds(index)
            return PageRecord(
                raw: start..<body.count,
                event: Event(externalID: "e\(first + index)", kind: .activity, occurred: at, created: at)
            )
        }
        if tellsTime { dates.note(bench.now, of: stream) }
        _ = try await spool.append(
            PageCommit(
                stream: stream,
                page: Page(body: body, records: records, date: bench.now, next: nil),
                scan: Scan(reason: .poll, from: begin, to: nil, filterHash: "f"),
                windowEnd: bench.now,
                ended: .complete,
                progress: StreamProgress(
                    start: PortalBench.begin - .days(2),
                    cursor: Cursor(since: bench.now),
                    sweptTo: bench.now
                ),
                fetched: bench.time.wall()
            )
        )
        appended.notify()
    }

    func replay(_ window: (from: Timestamp, to: Timestamp)) async throws -> ReplayID {
        let request = ReplayRequest(sink: sink.name, from: window.from, to: window.to)
        let replay = try await spool.create(request, at: bench.time.wall())
        lanesChanged.notify()
        return replay.id
    }

    /// The number of waiting live events.
    func waiting() async throws -> Int {
        try await spool.number(
            "SELECT sum(t.inserted - s.passed) FROM subscription s JOIN stream t ON t.id = s.stream_id"
        )
    }

    /// The host was suspended: both clocks have advanced.
    func moveClocks(by duration: Duration) { bench.clock.advance(by: duration) }

    /// The loops of retention and notifications always sleep.
    private var run: FetchRun { FetchRun(bench: bench, spool: spool, sleepers: 2) }

    func pass(_ duration: Duration) async throws { try await run.pass(duration) }

    func until(_ isDone: () async throws -> Bool) async throws {
        #expect(try await run.pass(inStepsOf: .seconds(30), atMost: .hours(3), until: isDone))
    }
}
