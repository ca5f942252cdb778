import Logging
import SpoolCore
import SpoolDaemon
import SpoolEngineTestSupport
import SpoolPipeline
import SpoolStore
import SpoolTestSupport
import Testing

@testable import SpoolEngine

@Suite("removing a replay during a stop", .timeLimit(.minutes(5)))
struct ReplayRemovalEndTests {
    @Test("stops waiting for an open connection to close, and removes nothing")
    func cancelled() async throws {
        let folder = try TemporaryFolder()
        let time = SystemTime.timekeeper()
        let spool = try Spool.open(path: folder.path("spool.db"), at: time.wall())
        let composition = try SampleComposition.make(in: folder, hasSink: false)
        _ = try await spool.register(composition.topology, at: time.wall())
        let engine = Engine(
            spool: spool,
            time: time,
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        )
        let url = "tcp://127.0.0.1:1"
        let now = time.wall()
        let request = ReplayRequest(sink: SinkName(url), destination: url, from: now - .hours(1), to: now)
        let replay = try await engine.create(request)
        _ = try await spool.opened(replay.sinkID, address: url, transport: "tcp", doubtBytes: 0, at: now)
        try await spool.move(replay.id, to: .cancelled, at: now)

        let removal = Task { try await engine.remove(replay.id) }
        removal.cancel()
        let error = await #expect(throws: StoreError.self) { try await removal.value }

        #expect(error?.kind == .busy)
        #expect(try await spool.replay(replay.id) != nil)
        try await spool.close(at: time.wall())
    }
}
