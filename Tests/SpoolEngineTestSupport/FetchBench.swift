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

/// A simulated portal, a spool in a folder, and whatever reads the one into the other, in time that only the
/// test moves.
///
/// The local clock is hours ahead of the portal's: it must decide nothing.
struct FetchBench {
    /// The portal's time at the beginning.
    static let begin = Timestamp(milliseconds: 1_795_000_000_000)

    let portal: Simulator
    let folder: TemporaryFolder
    let clock = ManualClock()
    let wallAhead: Duration
    /// How far a test has set the local clock forward.
    let wallStep = WallStep()

    /// Runs a portal for as long as `body` runs.
    static func with<Result: Sendable>(
        _ configuration: SimulatorConfiguration = Self.quiet(),
        wallAhead: Duration = .hours(3),
        _ body: (FetchBench) async throws -> Result
    ) async throws -> Result {
        let folder = try TemporaryFolder()
        return try await Simulator.run(configuration) { portal in
            try await body(FetchBench(portal: portal, folder: folder, wallAhead: wallAhead))
        }
    }

    /// A portal without records of its own, whose pages are small: many pages of few records.
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

    var time: Timekeeper {
        let (clock, ahead, step) = (clock, wallAhead, wallStep)
        return Timekeeper(
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

    /// Runs a fetch loop as after a start of the daemon, beside `body`, and stops it in good order.
    func run<Result: Sendable>(
        _ settings: SourceText = SourceText(),
        _ body: (FetchRun) async throws -> Result
    ) async throws -> Result {
        try await withSpool { spool in
            let source = try settings.source(on: portal.url, elapsed: time.elapsed)
            let streams = source.streams.map {
                Roster.Stream(name: $0.name, kind: $0.kind, filterHash: $0.filterHash)
            }
            let registration = try await spool.register(
                Roster(streams: streams, sinks: []),
                at: time.wall()
            )
            let loop = FetchLoop(
                source: source,
                streams: registration.streams,
                store: spool,
                gate: RequestGate(perMinute: source.requestsPerMinute, time: time),
                memory: Permits(settings.pagesAtOnce),
                time: time,
                appended: Signal(),
                logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
            )
            let stop = Stop()
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

    /// Moves both clocks together; nobody must be reading.
    func moveClocks(by duration: Duration) {
        clock.advance(by: duration)
        portal.clock.set(toMs: now.milliseconds)
    }
}

/// A fetch loop under way.
struct FetchRun {
    let bench: FetchBench
    let spool: Spool
    /// How many loops there are that sleep when there is nothing to do.
    var sleepers: Int

    /// Lets time pass: whenever everybody sleeps, up to the next one's deadline.
    func pass(_ duration: Duration) async throws {
        let end = bench.clock.now.offset + duration
        while true {
            try await bench.clock.waitUntilSleeping(count: sleepers)
            let left = end - bench.clock.now.offset
            guard left > .zero else { return }
            let step = min(left, bench.clock.untilNextDeadline ?? left)
            // The portal's time first: whoever wakes must find it moved.
            bench.portal.clock.set(toMs: (bench.now + step).milliseconds)
            bench.clock.advance(by: step)
        }
    }

    /// Lets time pass in steps until `isDone`; false when `most` was not enough.
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

    /// True when the spool holds every record the portal shows by now, and nothing else that can be read.
    func holdsTheTruth(_ streams: [PortalStream] = PortalStream.allCases) async throws -> Bool {
        for stream in streams {
            let (spooled, shown) = (try await spool.ids(stream), bench.portal.visibleIDs(stream))
            guard spooled.isSubset(of: shown) else { return false }
            for id in shown.subtracting(spooled) where try await !isUnreadable(id) { return false }
        }
        return true
    }

    /// True when a record that came spoiled, once and for all, bears this id in its bytes.
    private func isUnreadable(_ id: String) async throws -> Bool {
        let sql = """
            SELECT count(*) FROM event e JOIN record r USING (seq)
            WHERE e.readable = 0 AND instr(CAST(r.raw AS BLOB), CAST('"\(id)"' AS BLOB)) > 0
            """
        return try await spool.number(sql) > 0
    }
}
