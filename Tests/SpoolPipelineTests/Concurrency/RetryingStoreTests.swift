import Logging
import SpoolCore
import SpoolTestSupport
import Synchronization
import Testing

@testable import SpoolPipeline

@Suite("Retries of the store", .timeLimit(.minutes(5)))
struct RetryingStoreTests {
    private let clock = ManualClock()
    private let memory = MemoryStore()
    private let log = TaskLog()

    private var store: RetryingStore<any PageStore> {
        let time = Clocks(clock: clock, wall: { Sample.now }, chance: { 1 })
        let log = log
        return RetryingStore(
            memory,
            retry: StoreRetry(time: time, logger: Logger(label: "test", factory: { _ in log }))
        )
    }

    /// Ends the next pause between two attempts.
    private func passPause() async throws {
        try await clock.waitUntilSleeping()
        if let rest = clock.untilNextDeadline { clock.advance(by: rest) }
    }

    @Test("an operation is retried until it succeeds, and logged as its own task")
    func retries() async throws {
        memory.fail(.mustPause, .busy)
        memory.fail(.begin, .full)
        let store = store

        async let pauses = store.mustPause()
        try await passPause()
        #expect(try await pauses == false)
        async let begun: Void = store.begin(StreamID(1), start: Sample.now, sweptTo: Sample.now)
        try await passPause()
        try await begun

        #expect(memory.read { $0.streams[StreamID(1)]?.start } == Sample.now)
        #expect(log.tasks == ["fetching", "starting a stream"])
    }

    @Test("the same operation is logged as part of another task")
    func tasks() async throws {
        memory.fail(.mustPause, .full)
        let store = store.doing(.readingWindow)

        async let pauses = store.mustPause()
        try await passPause()
        _ = try await pauses

        #expect(log.tasks == ["reading a window"])
    }

    @Test("a stop ends the wait with the temporary error, after one more attempt")
    func stops() async throws {
        memory.fail(.mustPause, .full, times: 10)
        let stop = ShutdownRequest()
        let store = store.until(stop)

        let call = Task { try await store.mustPause() }
        try await clock.waitUntilSleeping()
        stop.ask()

        await #expect(throws: StoreError(.full, "scripted")) { try await call.value }
        #expect(memory.read { $0.calls[.mustPause] } == 2)
    }

    @Test("an error that makes the spool unusable is not retried")
    func unusable() async {
        memory.fail(.mustPause, .io)

        await #expect(throws: StoreError(.io, "scripted")) { try await store.mustPause() }
        #expect(log.tasks.isEmpty)
    }

    @Test("the report of a state is not retried")
    func reports() async {
        memory.fail(.report, .full)

        await #expect(throws: StoreError(.full, "scripted")) {
            try await store.report(nil, of: StreamID(1))
        }
        #expect(log.tasks.isEmpty)
    }
}

/// Records the tasks in log entries.
private final class TaskLog: LogHandler {
    private let entries = Mutex<[String]>([])

    var tasks: [String] { entries.withLock { $0 } }

    var metadata: Logger.Metadata {
        get { [:] }
        set {}
    }
    var logLevel: Logger.Level {
        get { .info }
        set {}
    }
    subscript(metadataKey _: String) -> Logger.Metadata.Value? {
        get { nil }
        set {}
    }

    func log(event: LogEvent) {
        guard let task = event.metadata?["task"] else { return }
        entries.withLock { $0.append("\(task)") }
    }
}
