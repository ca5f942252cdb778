import Logging
import SpoolCore
import SpoolPipeline
import SpoolTestSupport

/// A fetch loop with everything it needs in memory, on a manual clock.
struct FetchBench {
    let clock = ManualClock()
    let store = MemoryStore()
    let appended = ChangeSignal()
    let stop = ShutdownRequest()
    let bell = RetryBell()
    /// How far the local clock was set.
    let wallStep = WallStep()
    let chance: Double

    init(chance: Double = 1) { self.chance = chance }

    var time: Clocks {
        let (chance, step) = (chance, wallStep)
        return Clocks(clock: clock, wall: { Sample.now + step.value }, chance: { chance })
    }

    /// The source's time, which moves with the clock.
    var now: @Sendable () -> Timestamp {
        let clock = clock
        return { Sample.now + clock.now.offset }
    }

    /// A loop as after a start of the process.
    ///
    /// The streams have the ids 1, 2 ….
    func loop(_ source: any Source) -> FetchLoop {
        let time = time
        let ids = source.streams.enumerated().map { ($1.name, StreamID(Int64($0 + 1))) }
        return FetchLoop(
            source: source,
            streams: Dictionary(uniqueKeysWithValues: ids),
            store: store,
            gate: RequestGate(perMinute: source.requestsPerMinute, time: time),
            time: time,
            appended: appended,
            bell: bell,
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        )
    }

    /// Runs the loop beside `body`, then stops it and waits for its end.
    func run(_ source: ScriptedSource, _ body: () async throws -> Void) async throws {
        async let ended: Void = loop(source).run(stop: stop)
        try await body()
        stop.ask()
        try await ended
    }

    /// Waits for the next pause and ends it.
    func passPause() async throws {
        try await clock.waitUntilSleeping()
        if let rest = clock.untilNextDeadline { clock.advance(by: rest) }
    }
}
