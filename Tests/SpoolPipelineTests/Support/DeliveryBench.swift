import Logging
import SpoolCore
import SpoolTestSupport

@testable import SpoolPipeline

/// A delivery loop with everything it needs in memory, on a manual clock.
struct DeliveryBench {
    let clock = ManualClock()
    let store = MemoryStore()
    let sink: ScriptedSink
    let appended = ChangeSignal()
    let lanesChanged = ChangeSignal()
    let proofs = ProofSignals()
    let stop = ShutdownRequest()
    let bell = RetryBell()
    private let chance: Double
    static let silent = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })

    init(_ sink: ScriptedSink = ScriptedSink(), chance: Double = 1) {
        self.sink = sink
        self.chance = chance
        store.subscribe(1)
    }

    var time: Clocks {
        let chance = chance
        return Clocks(clock: clock, wall: { Sample.now }, chance: { chance })
    }

    /// A loop as after a start of the process: it only knows the contents of the store.
    func loop() -> DeliveryLoop {
        DeliveryLoop(
            sink: sink,
            id: SinkID(1),
            store: store,
            time: time,
            appended: appended,
            lanesChanged: lanesChanged,
            bell: bell,
            proofs: proofs,
            logger: Self.silent
        )
    }

    /// Spools events and notifies the loop, as a fetcher does.
    func append(_ count: Int, stream: Int64 = 1) {
        store.spool(count, stream: stream)
        appended.notify()
    }

    /// Runs the loop beside `body`, then stops it and waits for its end, including its timeouts.
    func run(_ body: () async throws -> Void) async throws {
        async let ended: Void = loop().run(stop: stop)
        try await body()
        stop.ask()
        let time = Task { try await passAllPauses() }
        defer { time.cancel() }
        try await ended
    }

    /// Ends every pause immediately, until cancelled.
    func passAllPauses() async throws {
        while true { try await passPause() }
    }

    /// Ends every pause immediately while `body` runs.
    func passPauses(while body: () async throws -> Void) async throws {
        let time = Task { try await passAllPauses() }
        defer { time.cancel() }
        try await body()
    }

    /// Waits for the sink's next pause and ends it.
    func passPause() async throws {
        try await clock.waitUntilSleeping()
        if let rest = clock.untilNextDeadline { clock.advance(by: rest) }
    }
}

extension SinkFault {
    static let reset = SinkFault(.unreachable, isUnclean: true, "connection reset")
    static let closedByPeer = SinkFault(.unreachable, "closed by the receiver")
    static let refused = SinkFault(.unreachable, "connection refused")
}
