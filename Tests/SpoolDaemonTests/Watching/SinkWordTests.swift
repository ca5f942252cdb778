import SpoolConfig
import SpoolCore
import SpoolStore
import Testing

@testable import SpoolDaemon

/// The old agent's words for a sink that is down, from a real spool.
struct SinkWordTests {
    /// How a sink is, so many seconds after its first failure.
    struct Case: Sendable {
        var state: SinkReport.State = .retrying
        var cuts = 0
        var seconds: Int
        var streams = "contoso/activities"
        let word: String
        let code: RuleCode?
    }

    private static let hour = 3_600

    @Test(
        "a sink's word and notification follow the time it is down, its kind of trouble and what it takes",
        arguments: [
            Case(seconds: 60, word: "retrying", code: nil),
            Case(seconds: 2 * hour, word: "retrying", code: nil),
            Case(seconds: 2 * hour + 1, word: "connection error", code: .connectionError),
            Case(seconds: 12 * hour, word: "connection error", code: .connectionError),
            Case(seconds: 12 * hour + 1, word: "disconnected", code: .agentError),
            // It connects and settles nothing.
            Case(state: .connected, seconds: 60, word: "connected", code: nil),
            Case(state: .connected, cuts: 3, seconds: 60, word: "retrying", code: .sendError),
            Case(cuts: 3, seconds: 3 * hour, word: "connection error", code: .sendError),
            Case(state: .connected, cuts: 9, seconds: 13 * hour, word: "disconnected", code: .agentError),
            Case(state: .held, seconds: 60, word: "held", code: .sinkHeld),
            Case(seconds: 60, streams: "spool/notifications", word: "retrying", code: nil),
            Case(
                seconds: 3 * hour,
                streams: "spool/notifications",
                word: "connection error",
                code: .notificationError
            ),
            Case(
                seconds: 13 * hour,
                streams: "spool/notifications",
                word: "disconnected",
                code: .notificationError
            ),
        ]
    )
    func words(_ test: Case) async throws {
        let sink = try await sink(test)
        let now = FetchBench.begin + .seconds(test.seconds)

        #expect(SinkWord.of(sink, NotificationSettings(), at: now) == test.word)
        #expect(SinkWord.told(sink, NotificationSettings(), at: now)?.0 == test.code)
    }

    @Test("the thresholds are those of the configuration")
    func thresholds() async throws {
        var settings = NotificationSettings()
        settings.connectionErrorAfter = .seconds(10)
        settings.disconnectedAfter = .seconds(20)
        let sink = try await sink(Case(seconds: 0, word: "", code: nil))

        let words = [10, 11, 21].map { SinkWord.of(sink, settings, at: FetchBench.begin + .seconds($0)) }

        #expect(words == ["retrying", "connection error", "disconnected"])
    }

    private func sink(_ test: Case) async throws -> SpoolStatus.Sink {
        try await FetchBench.with { bench in
            try await bench.withSpool { spool in
                let stream = try #require(StreamName(test.streams))
                let registration = try await spool.register(
                    Roster(
                        streams: [.init(name: stream, kind: .activity, filterHash: "f")],
                        sinks: [.init(name: SinkName("siem"), type: "syslog", streams: [stream])]
                    ),
                    at: FetchBench.begin
                )
                let id = try #require(registration.sinks.values.first)
                try await spool.report(
                    SinkReport(
                        state: test.state,
                        lastError: "refused",
                        attempts: 4,
                        at: FetchBench.begin,
                        cuts: test.cuts
                    ),
                    of: id
                )
                return try await spool.status().sinks[0]
            }
        }
    }
}
