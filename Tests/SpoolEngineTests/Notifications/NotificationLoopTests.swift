import Logging
import SpoolCore
import SpoolPipeline
import SpoolStore
import Testing

@testable import SpoolEngineTestSupport
@testable import SpoolEngine

/// Which notifications the loop clears.
struct NotificationLoopTests {
    @Test("notifications that the rules no longer want are cleared; those of other code are left alone")
    func leavesOthers() async throws {
        try await PortalBench.with { bench in
            try await bench.withSpool { spool in
                for code in ["Spool full", "Replay paused too long", "Finding of an audit"] {
                    try await spool.raise(
                        NewNotification(code: code, subject: "7", severity: .warning, message: "."),
                        at: bench.now
                    )
                }

                try await Self.watchman(bench, spool).look()

                let standing = try await spool.status().notifications.map(\.code)
                #expect(standing == ["Finding of an audit", "Replay paused too long"])
            }
        }
    }

    @Test("a wrong proxy setting has the retired agent's word, immediately and as an error")
    func invalidProxy() async throws {
        try await PortalBench.with { bench in
            try await bench.withSpool { spool in
                let name = try #require(StreamName("contoso/activities"))
                let registered = try await spool.register(
                    Topology(
                        streams: [Topology.Stream(name: name, kind: .activity, filterHash: "f")],
                        sinks: []
                    ),
                    at: bench.now
                )
                let trouble = StreamTrouble(
                    state: StreamHealth.word(.invalidProxy),
                    message: "407",
                    since: bench.now
                )
                try await spool.report(trouble, of: try #require(registered.streams[name]))

                try await Self.watchman(bench, spool).look()

                let standing = try await spool.status().notifications
                #expect(standing.map(\.code) == ["Invalid proxy address"])
                #expect(standing.map(\.severity) == [.error])
            }
        }
    }

    private static func watchman(_ bench: PortalBench, _ spool: Spool) -> NotificationLoop {
        NotificationLoop(
            spool: spool,
            rules: NotificationRules(maxSize: 1 << 40, lookBacks: [:]),
            time: bench.time,
            appended: ChangeSignal(),
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        )
    }
}
