import Hummingbird
import Logging
import SpoolCore
import SpoolDaemon
import SpoolEngineTestSupport
import SpoolPipeline
import SpoolStore
import SpoolTestSupport
import Testing

@testable import SpoolEngine
@testable import SpoolServer

/// What monitoring learns from the probes when it is not well.
@Suite("/healthz and /readyz", .timeLimit(.minutes(2)))
struct ProbeTests {
    /// Runs a server with the routes of a daemon over an empty spool beside `body`.
    private static func with(
        _ options: SpoolOptions = options(),
        _ body:
            @escaping @Sendable (Spool, Readiness, _ get: (String) async throws -> String) async throws ->
            Void
    ) async throws {
        let folder = try TemporaryFolder()
        let time = SystemTime.timekeeper()
        let spool = try Spool.open(path: folder.path("spool.db"), options: options, at: time.wall())
        let quiet = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        let readiness = Readiness()
        let router = Router(options: .autoGenerateHeadEndpoints)
        WebRoutes(
            engine: Engine(spool: spool, time: time, logger: quiet),
            current: CurrentComposition(try SampleComposition.make(in: folder)),
            readiness: readiness
        ).add(to: router)
        let path = folder.path("s")
        let server = HTTPServer(
            .socket(path),
            limits: HTTPLimits(connections: 8, bodyBytes: 1_000),
            router: router
        )
        let (bound, binding) = AsyncStream<Void>.makeStream()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.run { binding.finish() } }
            for await _ in bound {}
            try await body(spool, readiness) { try await RawClient.get($0, at: path) }
            await server.stop(within: .seconds(1))
            try await group.waitForAll()
        }
    }

    private static func options() -> SpoolOptions {
        var options = SpoolOptions(holder: "a test")
        options.reserveBytes = 0
        options.lowDiskBytes = 0
        return options
    }

    @Test("a daemon whose spool cannot be read is not healthy")
    func unreadable() async throws {
        try await Self.with { spool, _, get in
            let before = try await get("/healthz")
            try await spool.close(at: SystemTime.timekeeper().wall())
            let after = try await get("/healthz")

            #expect(before.hasPrefix("HTTP/1.1 200 ") && before.hasSuffix("\r\n\r\nok\n"))
            #expect(after.hasPrefix("HTTP/1.1 503 "), "\(after)")
            #expect(after.contains("the spool cannot be read"))
        }
    }

    @Test("a daemon that stops or has paused fetching is not ready, and says why")
    func notReady() async throws {
        var full = Self.options()
        full.lowDiskBytes = .max / 4
        try await Self.with(full) { spool, _, get in
            let before = try await get("/readyz")
            #expect(try await spool.mustPause())
            let paused = try await get("/readyz")

            #expect(before.hasPrefix("HTTP/1.1 200 ") && before.hasSuffix("\r\n\r\nready\n"))
            #expect(
                paused.hasPrefix("HTTP/1.1 503 ") && paused.contains("fetching is paused, the disk is full")
            )
            try await spool.close(at: SystemTime.timekeeper().wall())
        }
        try await Self.with { spool, readiness, get in
            readiness.stop()
            let stopping = try await get("/readyz")

            #expect(stopping.hasPrefix("HTTP/1.1 503 ") && stopping.contains("the daemon is stopping"))
            try await spool.close(at: SystemTime.timekeeper().wall())
        }
        #expect(Readiness().obstacle(.size)?.contains("spool.retention.max_size") == true)
    }
}
