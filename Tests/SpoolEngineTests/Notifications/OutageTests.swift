import Logging
import SpoolConfig
import SpoolCore
import SpoolPipeline
import SpoolStore
import SpoolTestSupport
import Testing

@testable import SpoolEngineTestSupport
@testable import SpoolEngine

/// The notifications of one outage of a sink: each code is raised once, and cleared once when the outage is
/// over.
@Suite("An outage of a sink", .timeLimit(.minutes(5)))
struct OutageTests {
    private static let connection = "System alert: Data server connection error"
    private static let agent = "System alert: SIEM agent error"
    private static let send = "System alert: Data server send error"
    private static let held = "System alert: Sink held"

    @Test("beyond both thresholds, nothing is cleared before an event is settled")
    func bothThresholds() async throws {
        try await PortalBench.with { bench in
            let outage = Outage(bench, .minutes(1), .minutes(3))
            try await outage.run { run in
                try await run.pass(.seconds(70))
                #expect(try await run.told() == [Self.connection])
                try await run.pass(.minutes(4))
                #expect(try await run.told() == [Self.connection, Self.agent])
                await run.recover()
            }

            let told = try await outage.toldAfterwards()

            #expect(
                told == [Self.connection, Self.agent, "\(Self.agent) cleared", "\(Self.connection) cleared"]
            )
        }
    }

    @Test("a restart between the thresholds neither clears nor repeats anything")
    func restartBetween() async throws {
        try await PortalBench.with { bench in
            let outage = Outage(bench, .minutes(1), .minutes(3))
            try await outage.run { run in
                try await run.pass(.seconds(70))
                #expect(try await run.told() == [Self.connection])
            }
            try await outage.run { run in
                try await run.pass(.seconds(20))
                #expect(try await run.told() == [Self.connection])
                try await run.pass(.minutes(4))
                #expect(try await run.told() == [Self.connection, Self.agent])
                await run.recover()
            }

            let told = try await outage.toldAfterwards()

            #expect(
                told == [Self.connection, Self.agent, "\(Self.agent) cleared", "\(Self.connection) cleared"]
            )
        }
    }

    @Test("a cause that changes during the outage raises the new notification, and clears nothing")
    func otherCause() async throws {
        try await PortalBench.with { bench in
            let outage = Outage(bench, .minutes(1), .hours(12))
            try await outage.run { run in
                try await run.pass(.seconds(70))
                #expect(try await run.told() == [Self.connection])
                run.sink.set(.cutting)
                try await run.pass(.minutes(10))
                #expect(try await run.told() == [Self.connection, Self.send])
                run.sink.set(.refusing)
                try await run.pass(.minutes(10))
                #expect(try await run.told() == [Self.connection, Self.send, Self.held])
                await run.recover()
            }

            let told = try await outage.toldAfterwards()

            #expect(told.prefix(3) == [Self.connection, Self.send, Self.held])
            #expect(
                told.dropFirst(3)
                    == ["\(Self.held) cleared", "\(Self.send) cleared", "\(Self.connection) cleared"]
            )
        }
    }

    @Test("an outage ends with the first settled event, not with a connection after a restart")
    func connectionAfterRestart() async throws {
        try await PortalBench.with { bench in
            let outage = Outage(bench, .minutes(1), .hours(12))
            try await outage.run { run in
                try await run.pass(.seconds(70))
                #expect(try await run.told() == [Self.connection])
            }
            outage.sink.set(.silent)
            try await outage.run { run in
                await run.sink.took.changed(after: 0)
                try await run.look()
                #expect(try await run.told() == [Self.connection])
                run.sink.settle()
            }

            let told = try await outage.toldAfterwards()

            #expect(told == [Self.connection, "\(Self.connection) cleared"])
        }
    }
}

/// A sink with an event to deliver, across starts of the daemon.
private struct Outage {
    let bench: PortalBench
    let sink = OutageSink()
    let settings: NotificationSettings

    init(_ bench: PortalBench, _ connectionErrorAfter: Duration, _ disconnectedAfter: Duration) {
        self.bench = bench
        var settings = NotificationSettings()
        settings.connectionErrorAfter = connectionErrorAfter
        settings.disconnectedAfter = disconnectedAfter
        self.settings = settings
    }

    /// Runs a delivery loop concurrently with `body`, with a notification loop that runs on demand; stops
    /// cleanly, with all sent events settled.
    func run(_ body: (OutageRun) async throws -> Void) async throws {
        try await bench.withSpool { spool in
            let registered = try await register(spool)
            let loop = DeliveryLoop(
                sink: sink,
                id: try #require(registered.sinks[sink.name]),
                store: spool,
                time: bench.time,
                appended: ChangeSignal(),
                lanesChanged: ChangeSignal(),
                logger: Self.quiet
            )
            let stop = ShutdownRequest()
            async let ended: Void = loop.run(stop: stop)
            let result: Swift.Result<Void, any Error>
            do {
                result = .success(
                    try await body(
                        OutageRun(bench: bench, spool: spool, sink: sink, watchman: watchman(spool))
                    )
                )
            } catch {
                result = .failure(error)
            }
            stop.ask()
            try await ended
            try result.get()
        }
    }

    /// All notifications, after one more evaluation of the rules.
    func toldAfterwards() async throws -> [String] {
        try await bench.withSpool { spool in
            let run = OutageRun(bench: bench, spool: spool, sink: sink, watchman: watchman(spool))
            try await run.look()
            return try await run.told()
        }
    }

    /// Registers the sink with one event, and a second sink for notifications, so that these are stored as
    /// events.
    private func register(_ spool: Spool) async throws -> Registration {
        let source = TrappingSource()
        let stream = source.streams[0]
        let registered = try await spool.register(
            Topology(
                streams: [
                    .init(name: stream.name, kind: .activity, filterHash: "f"),
                    .init(name: .notifications, kind: .alert, filterHash: ""),
                ],
                sinks: [
                    .init(name: sink.name, type: "test", streams: [stream.name]),
                    .init(name: SinkName("second"), type: "test", streams: [.notifications]),
                ]
            ),
            at: bench.time.wall()
        )
        let id = try #require(registered.streams[stream.name])
        guard try await spool.number("SELECT inserted FROM stream WHERE id = \(id.value)") == 0 else {
            return registered
        }
        try await spool.begin(id, start: source.date - .days(1), sweptTo: source.date)
        let event = Event(
            externalID: "one",
            kind: .activity,
            occurred: source.date,
            created: source.date
        )
        let commit = ScanStep.commit(
            Page(body: [1], records: [PageRecord(raw: 0..<1, event: event)], date: source.date, next: nil),
            of: Scan(reason: .poll, from: source.date - .days(1), to: nil, filterHash: "f"),
            stream: stream,
            id: id,
            progress: try await spool.progress(of: id),
            fetched: source.date
        )
        _ = try await spool.append(commit)
        return registered
    }

    private func watchman(_ spool: Spool) -> NotificationLoop {
        NotificationLoop(
            spool: spool,
            rules: NotificationRules(maxSize: 1 << 40, lookBacks: [:], settings: settings),
            time: bench.time,
            appended: ChangeSignal(),
            logger: Self.quiet
        )
    }

    private static let quiet = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
}

/// One run of the daemon.
private struct OutageRun {
    let bench: PortalBench
    let spool: Spool
    let sink: OutageSink
    let watchman: NotificationLoop

    func look() async throws { try await watchman.look() }

    /// Lets time pass while the sink fails, and evaluates the rules every ten seconds.
    func pass(_ duration: Duration) async throws {
        let run = FetchRun(bench: bench, spool: spool, sleepers: 1)
        var left = duration
        while left > .zero {
            try await run.pass(min(left, NotificationLoop.interval))
            try await look()
            left -= NotificationLoop.interval
        }
    }

    /// Makes the sink accept events again, and waits until it has accepted the waiting ones.
    func recover() async {
        let version = sink.took.version
        sink.set(.up)
        bench.clock.advance(by: bench.clock.untilNextDeadline ?? .zero)
        await sink.took.changed(after: version)
    }

    /// All notifications, in order.
    func told() async throws -> [String] {
        try await spool.texts("SELECT action FROM events WHERE stream = 'spool/notifications' ORDER BY seq")
    }
}
