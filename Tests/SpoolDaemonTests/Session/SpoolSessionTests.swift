import SpoolCore
import SpoolDaemon
import SpoolEngine
import SpoolTestSupport
import Testing

@Suite("A command's session with a spool", .timeLimit(.minutes(5)))
struct SpoolSessionTests {
    private struct Failure: Error {}

    private static func composition(in folder: TemporaryFolder) throws -> Composition {
        let yaml = """
            spool: { path: \(folder.path("spool.db")) }
            sources:
              - { name: tenant, type: defender-cloud-apps, url: http://127.0.0.1:1, auth: { token: "${TOKEN}" }, streams: { activities: {} } }
            sinks:
              - { name: siem, type: syslog, address: 127.0.0.1:1, transport: tcp, streams: [tenant/activities] }
            status: { listen: none }
            """
        return try Composition.read(
            path: try folder.write(yaml, to: "spool.yaml"),
            environment: ["TOKEN": String(repeating: "x", count: 64)],
            hostName: "host"
        )
    }

    @Test("holds a spool that no process holds, and asks the process that does")
    func twoCommands() async throws {
        let folder = try TemporaryFolder()
        let composition = try Self.composition(in: folder)
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
        let composition = try Self.composition(in: folder)

        await #expect(throws: Failure.self) {
            try await SpoolSession.use(composition, command: "first") { _ in throw Failure() }
        }

        let isStandalone = try await SpoolSession.use(composition, command: "second") { $0.isStandalone }
        #expect(isStandalone)
    }
}
