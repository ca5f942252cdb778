import SpoolCore
import SpoolDaemon
import SpoolEngine
import SpoolEngineTestSupport
import SpoolTestSupport
import Testing

@Suite("A command's session with a spool", .timeLimit(.minutes(5)))
struct SpoolSessionTests {
    private struct Failure: Error {}

    @Test("holds a spool that no process holds, and asks the process that does")
    func twoCommands() async throws {
        let folder = try TemporaryFolder()
        let composition = try SampleComposition.make(in: folder)
        let request = ReplayRequest(
            sink: SinkName("siem"),
            from: Timestamp(milliseconds: 0),
            to: Timestamp(milliseconds: 1_000)
        )

        try await SpoolSession.use(composition, command: "first") { first in
            #expect(first.isStandalone)
            let replay = try await first.create(request)

            try await SpoolSession.use(composition, command: "second") { second in
                #expect(!second.isStandalone)
                let seen = try await second.replays().map(\.id)
                #expect(seen == [replay.id])
            }
        }
    }

    @Test("gives the spool back when its work fails")
    func failure() async throws {
        let folder = try TemporaryFolder()
        let composition = try SampleComposition.make(in: folder)

        await #expect(throws: Failure.self) {
            try await SpoolSession.use(composition, command: "first") { _ in throw Failure() }
        }

        let isStandalone = try await SpoolSession.use(composition, command: "second") { $0.isStandalone }
        #expect(isStandalone)
    }
}
