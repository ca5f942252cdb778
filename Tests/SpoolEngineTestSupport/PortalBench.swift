import Logging
import SpoolConfig
import SpoolCore
import SpoolNetwork
import SpoolPipeline
import SpoolSimulator
import SpoolStore
import SpoolTestSupport
import Testing

@testable import SpoolSources

/// A simulated portal, a spool in a folder, and the loops that read the portal into the spool, in simulated
/// time.
///
/// The local clock is hours ahead of the portal's and must not affect any decision.
struct PortalBench {
    /// The portal's time at the start.
    static let begin = Timestamp(milliseconds: 1_795_000_000_000)

    let portal: Simulator
    let folder: TemporaryFolder
    let clock = ManualClock()
    let wallAhead: Duration
    /// How far the test has set the local clock forward.
    let wallStep = WallStep()

    /// Runs a portal while `body` runs.
    static func with<Result: Sendable>(
        _ configuration: SimulatorConfiguration = Self.quiet(),
        wallAhead: Duration = .hours(3),
        _ body: (PortalBench) async throws -> Result
    ) async throws -> Result {
        let folder = try TemporaryFolder()
        return try await Simulator.run(configuration) { portal in
            try await body(PortalBench(portal: portal, folder: folder, wallAhead: wallAhead))
        }
    }

    /// A portal without preset records and with small pages, so that few records fill many pages.
    static func quiet(history: Int = 0, over window: Duration = .hours(24)) -> SimulatorConfiguration {
        var configuration = SimulatorConfiguration()
        configuration.clock = .manual(startMs: begin.milliseconds)
        configuration.history = history
        configuration.historyWindow = window
        configuration.activitiesPerLargeOne = 0
        configuration.activitiesPerAlert = 3
        configuration.lateness = .none
        configuration.throttle = nil
        configuration.limits.scanMinimum = 1
        configuration.limits.scanMaximum = 50
        configuration.limits.list = 30
        configuration.limits.alerts = 30
        return configuration
    }

    var now: Timestamp { Self.begin + clock.now.offset }

    var time: Clocks {
        let (clock, ahead, step) = (clock, wallAhead, wallStep)
        return Clocks(
            clock: clock,
            wall: { Self.begin + clock.now.offset + ahead + step.value },
            chance: { 0.5 }
        )
    }

    /// Opens the spool, and closes it after `body`.
    func withSpool<Result: Sendable>(_ body: (Spool) async throws -> Result) async throws -> Result {
        var options = SpoolOptions(holder: "test")
        options.reserveBytes = 0
        options.lowDiskBytes = 0
        let spool = try Spool.open(path: folder.path("spool.db"), options: options, at: time.wall())
        let result: Swift.Result<Result, any Error>
        do {
            result = .success(try await body(spool))
        } catch {
            result = .failure(error)
        }
        try await spool.close(at: time.wall())
        return try result.get()
    }

    /// Runs a fetch loop as after a start of the daemon, concurrently with `body`, and stops it cleanly.
    func run<Result: Sendable>(
        _ settings: SourceText = SourceText(),
        _ body: (FetchRun) async throws -> Result
    ) async throws -> Result {
        try await withSpool { spool in
            let source = try settings.source(on: portal.url, elapsed: time.elapsed)
            let streams = source.streams.map {
                Topology.Stream(name: $0.name, kind: $0.kind, filterHash: $0.filterHash)
            }
            let registration = try await spool.register(
                Topology(streams: streams, sinks: []),
                at: time.wall()
            )
            let loop = FetchLoop(
                source: source,
                streams: registration.streams,
                store: spool,
                gate: RequestGate(perMinute: source.requestsPerMinute, time: time),
                memory: AsyncSemaphore(settings.pagesAtOnce),
                time: time,
                appended: ChangeSignal(),
                logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
            )
            let stop = ShutdownRequest()
            async let ended: Void = loop.run(stop: stop)
            let result: Swift.Result<Result, any Error>
            do {
                result = .success(
                    try await body(FetchRun(bench: self, spool: spool, sleepers: source.streams.count))
                )
            } catch {
                result = .failure(error)
            }
            stop.ask()
            try await ended
            return try result.get()
        }
    }

    /// Moves both clocks together; nothing may read them concurrently.
    func moveClocks(by duration: Duration) {
        clock.advance(by: duration)
        portal.clock.set(toMs: now.milliseconds)
    }
}

/// A running fetch loop.
struct FetchRun {
    let bench: PortalBench
    let spool: Spool
    /// The number of loops that sleep when idle.
    var sleepers: Int

    /// Lets time pass: whenever all loops sleep, time moves to the next deadline.
    func pass(_ duration: Duration) async throws {
        let end = bench.clock.now.offset + duration
        while true {
            try await bench.clock.waitUntilSleeping(count: sleepers)
            let left = end - bench.clock.now.offset
            guard left > .zero else { return }
            let step = min(left, bench.clock.untilNextDeadline ?? left)
            // The portal's time must move first: a loop that wakes must see the new time.
            bench.portal.clock.set(toMs: (bench.now + step).milliseconds)
            bench.clock.advance(by: step)
        }
    }

    /// Lets time pass in steps until `isDone`; returns false if `most` was not enough.
    func pass(
        inStepsOf step: Duration = .minutes(1),
        atMost most: Duration,
        until isDone: () async throws -> Bool
    ) async throws -> Bool {
        let end = bench.clock.now.offset + most
        while bench.clock.now.offset < end {
            try await pass(step)
            if try await isDone() { return true }
        }
        return false
    }

    /// True if the spool holds every record that the portal lists by now, and no other readable one.
    func holdsTheTruth(_ streams: [PortalStream] = PortalStream.allCases) async throws -> Bool {
        for stream in streams {
            let (spooled, shown) = (try await spool.ids(stream), bench.portal.visibleIDs(stream))
            guard spooled.isSubset(of: shown) else { return false }
            for id in shown.subtracting(spooled) where try await !isUnreadable(id) { return false }
        }
        return true
    }

    /// True if a record that was received corrupted, and is not sent again, contains this id in its bytes.
    private func isUnreadable(_ id: String) async throws -> Bool {
        let sql = """
            SELECT count(*) FROM event e JOIN record r USING (seq)
            WHERE e.readable = 0 AND instr(CAST(r.raw AS BLOB), CAST('"\(id)"' AS BLOB)) > 0
            """
        return try await spool.number(sql) > 0
    }
}
