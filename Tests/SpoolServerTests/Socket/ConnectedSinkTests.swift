import Logging
import SpoolControl
import SpoolCore
import SpoolDaemon
import SpoolEngine
import SpoolEngineTestSupport
import SpoolPipeline
import SpoolStore
import SpoolTestSupport
import Testing

@testable import SpoolServer

@Suite("sinks that checks do not connect to")
struct ConnectedSinkTests {
    /// The daemon's answer about its only sink, after `body` was run with the spool and the sink.
    private static func names(after body: (Spool, SinkID) async throws -> Void) async throws -> [SinkName] {
        let folder = try TemporaryFolder()
        let time = SystemTime.timekeeper()
        var options = SpoolOptions(holder: "a test")
        options.reserveBytes = 0
        let spool = try Spool.open(path: folder.path("spool.db"), options: options, at: time.wall())
        let composition = try SampleComposition.make(in: folder)
        let registration = try await spool.register(composition.topology, at: time.wall())
        let sink = try #require(registration.sinks[SinkName("siem")])
        try await body(spool, sink)
        let quiet = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        let names = try await Engine(spool: spool, time: time, logger: quiet)
            .connectedSinks(of: composition).map(\.sink)
        try await spool.close(at: time.wall())
        return names
    }

    private static func open(_ spool: Spool, _ sink: SinkID) async throws -> ConnectionID {
        try await spool.opened(
            sink,
            address: "tcp://127.0.0.1:1",
            transport: "syslog",
            doubtBytes: 1,
            at: SystemTime.now()
        )
    }

    private static let connected = SinkReport(state: .connected, at: SystemTime.now())

    @Test("are connected and have no error")
    func connected() async throws {
        let names = try await Self.names { spool, sink in
            _ = try await Self.open(spool, sink)
            try await spool.report(Self.connected, of: sink)
        }

        #expect(names == [SinkName("siem")])
    }

    @Test("do not include sinks whose state is from an earlier connection or run")
    func stale() async throws {
        let names = try await Self.names { spool, sink in
            let connection = try await Self.open(spool, sink)
            try await spool.report(Self.connected, of: sink)
            try await spool.closed(connection, of: sink, clean: true, at: SystemTime.now())
        }

        #expect(names == [])
    }

    @Test("do not include sinks that have connected but settled nothing since they failed")
    func troubled() async throws {
        let names = try await Self.names { spool, sink in
            _ = try await Self.open(spool, sink)
            try await spool.report(
                SinkReport(state: .connected, lastError: "refused", attempts: 3, at: SystemTime.now()),
                of: sink
            )
        }

        #expect(names == [])
    }
}
