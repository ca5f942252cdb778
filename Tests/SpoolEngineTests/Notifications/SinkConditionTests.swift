import SpoolConfig
import SpoolCore
import SpoolDaemon
import SpoolPipeline
import SpoolStore
import SpoolTestSupport
import Testing

@testable import SpoolEngineTestSupport
@testable import SpoolEngine

/// The retired agent's words for a sink that is down, from a real spool.
struct SinkConditionTests {
    /// The state of a sink a number of seconds after its first failure.
    struct Case: Sendable {
        var state: SinkReport.State = .retrying
        var cuts = 0
        var seconds: Int
        var streams = "contoso/activities"
        var suspicion: String?
        let word: String
        let codes: [RuleCode]
    }

    private static let hour = 3_600

    @Test(
        "a sink's word and notification depend on the time it is down, its kind of fault and its streams",
        arguments: [
            Case(seconds: 60, word: "retrying", codes: []),
            Case(seconds: 2 * hour, word: "retrying", codes: []),
            Case(seconds: 2 * hour + 1, word: "connection error", codes: [.connectionError]),
            Case(seconds: 12 * hour, word: "connection error", codes: [.connectionError]),
            Case(seconds: 12 * hour + 1, word: "disconnected", codes: [.connectionError, .agentError]),
            // It connects, but settles nothing.
            Case(state: .connected, seconds: 60, word: "connected", codes: []),
            Case(state: .connected, cuts: 3, seconds: 60, word: "retrying", codes: [.sendError]),
            Case(cuts: 3, seconds: 3 * hour, word: "connection error", codes: [.sendError]),
            Case(
                state: .connected,
                cuts: 9,
                seconds: 13 * hour,
                word: "disconnected",
                codes: [.sendError, .agentError]
            ),
            Case(state: .held, seconds: 60, word: "held", codes: [.sinkHeld]),
            Case(state: .connected, seconds: 60, suspicion: "hangs", word: "doubtful", codes: [.unproved]),
            Case(seconds: 60, suspicion: "hangs", word: "retrying", codes: [.unproved]),
            Case(seconds: 60, streams: "spool/notifications", word: "retrying", codes: []),
            Case(
                seconds: 3 * hour,
                streams: "spool/notifications",
                word: "connection error",
                codes: [.notificationError]
            ),
            Case(
                seconds: 13 * hour,
                streams: "spool/notifications",
                word: "disconnected",
                codes: [.notificationError]
            ),
        ]
    )
    func words(_ test: Case) async throws {
        let sink = try await sink(test)
        let now = PortalBench.begin + .seconds(test.seconds)

        #expect(SinkCondition.of(sink, NotificationSettings(), at: now) == test.word)
        #expect(SinkCondition.notifications(sink, NotificationSettings(), at: now).map { $0.0 } == test.codes)
    }

    @Test("the thresholds are those of the configuration")
    func thresholds() async throws {
        var settings = NotificationSettings()
        settings.connectionErrorAfter = .seconds(10)
        settings.disconnectedAfter = .seconds(20)
        let sink = try await sink(Case(seconds: 0, word: "", codes: []))

        let words = [10, 11, 21].map {
            SinkCondition.of(sink, settings, at: PortalBench.begin + .seconds($0))
        }

        #expect(words == ["retrying", "connection error", "disconnected"])
    }

    @Test(
        "the view `health` has the same words, with the thresholds of the roster",
        arguments: [
            Case(seconds: 60, word: "retrying", codes: []),
            Case(seconds: 9 * hour, word: "retrying", codes: []),
            Case(seconds: 15 * hour, word: "connection error", codes: []),
            Case(seconds: 21 * hour, word: "disconnected", codes: []),
            Case(state: .connected, seconds: 60, word: "connected", codes: []),
            Case(state: .connected, seconds: 15 * hour, word: "connection error", codes: []),
            Case(state: .connected, cuts: 3, seconds: 60, word: "retrying", codes: []),
            Case(state: .held, seconds: 21 * hour, word: "held", codes: []),
            Case(state: .connected, seconds: 60, suspicion: "hangs", word: "doubtful", codes: []),
            Case(seconds: 60, suspicion: "hangs", word: "retrying", codes: []),
        ]
    )
    func view(_ test: Case) async throws {
        var settings = NotificationSettings()
        settings.connectionErrorAfter = .hours(10)
        settings.disconnectedAfter = .hours(20)
        // SQLite's clock is used, which is hours away from any threshold.
        let now = SystemTime.now()
        let begin = now - .seconds(test.seconds)
        try await PortalBench.with { bench in
            try await bench.withSpool { spool in
                let registration = try await spool.register(
                    Topology(
                        streams: [],
                        sinks: [.init(name: SinkName("siem"), type: "syslog", streams: [])],
                        connectionErrorAfter: settings.connectionErrorAfter,
                        disconnectedAfter: settings.disconnectedAfter
                    ),
                    at: begin
                )
                let id = try #require(registration.sinks.values.first)
                try await spool.report(
                    SinkReport(
                        state: test.state,
                        lastError: "refused",
                        attempts: 4,
                        at: begin,
                        cuts: test.cuts,
                        suspicion: test.suspicion
                    ),
                    of: id
                )

                let shown = try await spool.texts("SELECT state FROM health WHERE name = 'siem'")
                let since = try await spool.texts("SELECT since FROM health WHERE name = 'siem'")
                let sink = try await spool.status().sinks[0]

                #expect(shown == [test.word])
                #expect(SinkCondition.of(sink, settings, at: now) == test.word)
                #expect(since == [begin.description])
            }
        }
    }

    @Test("the thresholds of the configuration are registered in the spool")
    func topology() async throws {
        let keys = "url: \"http://127.0.0.1:9\", auth: { token: \"${TOKEN}\" }, streams: { activities: {} }"
        let yaml =
            EngineRun.yaml([("contoso", keys)])
            + "\nnotifications: { connection_error_after: 10h, disconnected_after: 20h }\n"
        let folder = try TemporaryFolder()
        let path = try folder.write(yaml, to: "spool.yaml")

        let topology = try Composition.read(path: path, environment: ["TOKEN": "t"], hostName: "host")
            .topology

        #expect(topology.connectionErrorAfter == .hours(10))
        #expect(topology.disconnectedAfter == .hours(20))
        withExtendedLifetime(folder) {}
    }

    private func sink(_ test: Case) async throws -> SpoolStatus.Sink {
        try await PortalBench.with { bench in
            try await bench.withSpool { spool in
                let stream = try #require(StreamName(test.streams))
                let registration = try await spool.register(
                    Topology(
                        streams: [.init(name: stream, kind: .activity, filterHash: "f")],
                        sinks: [.init(name: SinkName("siem"), type: "syslog", streams: [stream])]
                    ),
                    at: PortalBench.begin
                )
                let id = try #require(registration.sinks.values.first)
                try await spool.report(
                    SinkReport(
                        state: test.state,
                        lastError: "refused",
                        attempts: 4,
                        at: PortalBench.begin,
                        cuts: test.cuts,
                        suspicion: test.suspicion
                    ),
                    of: id
                )
                return try await spool.status().sinks[0]
            }
        }
    }
}
