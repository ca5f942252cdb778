import Foundation
import SpoolCore
import SpoolNetwork
import SpoolSimulator
import SpoolTestSupport
import Synchronization
import Testing

@testable import SpoolSources

@Suite("Authorization", .timeLimit(.minutes(5)))
struct AuthorizationTests {
    /// A clock that a test moves.
    private final class Elapsed: Sendable {
        private let value = Mutex(Duration.zero)
        func advance(_ duration: Duration) { value.withLock { $0 += duration } }
        var now: Duration { value.withLock { $0 } }
    }

    private func tokens(_ portal: Simulator) -> Int { portal.requests.requests(for: .token).count }

    @Test("an application's token is requested once, even if several requests start together")
    func asksOnce() async throws {
        try await Portals.with(Portals.configuration(history: 10), auth: { Portals.application($0) }) {
            portal,
            source in
            let stream = try #require(source.streams.first)

            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<12 { group.addTask { _ = try await source.date(for: stream) } }
                try await group.waitForAll()
            }

            #expect(tokens(portal) == 1)
            #expect(portal.requests.requests(for: .activities).count == 12)
        }
    }

    @Test("a token that the portal no longer accepts is replaced once, and the request is repeated")
    func refreshesAfterRejection() async throws {
        try await Portals.with(Portals.configuration(history: 200), auth: { Portals.application($0) }) {
            portal,
            source in
            let result = try await ScanReader(source, .activity).read(from: Portals.now - 2 * Portals.day) {
                page in
                if page == 2 { portal.revokeBearers() }
            }

            #expect(result.faults == [])
            #expect(result.ids == portal.visibleIDs(.activities))
            #expect(tokens(portal) == 2)
            #expect(portal.requests.requests(for: .activities).count { $0.status == 401 } == 1)
        }
    }

    @Test("a portal that accepts no token is not queried in a tight loop")
    func refreshesOnlyOnce() async throws {
        try await Portals.with(Portals.configuration(), auth: { Portals.application($0) }) { portal, source in
            let stream = try #require(source.streams.first)
            portal.addFault(.unauthorized, on: [.activities], .always)

            let error = await #expect(throws: SourceFault.self) { try await source.date(for: stream) }

            #expect(error?.kind == .invalidToken)
            #expect(error?.description.hasPrefix("Invalid token") == true)
            #expect(tokens(portal) == 2)
            #expect(portal.requests.requests(for: .activities).count == 2)
        }
    }

    @Test("a token is renewed before it expires, and is still used while the token service is down")
    func refreshesAhead() async throws {
        let elapsed = Elapsed()
        try await Portals.with(
            Portals.configuration(),
            auth: { Portals.application($0) },
            elapsed: { elapsed.now }
        ) { portal, source in
            let stream = try #require(source.streams.first)
            _ = try await source.date(for: stream)
            elapsed.advance(.seconds(3_200))
            _ = try await source.date(for: stream)
            #expect(tokens(portal) == 1)

            elapsed.advance(.seconds(100))
            portal.addFault(.status(503), on: [.token])
            _ = try await source.date(for: stream)
            #expect(tokens(portal) == 2)

            _ = try await source.date(for: stream)
            #expect(tokens(portal) == 3)
            _ = try await source.date(for: stream)
            #expect(tokens(portal) == 3)
        }
    }

    @Test(
        "a cancelled request does not wait for a silent token service, nor does the end of the source"
    )
    func leavesSilentAuthority() async throws {
        try await Portals.with(Portals.configuration(), auth: { Portals.application($0) }) { portal, source in
            let stream = try #require(source.streams.first)
            portal.addFault(.slow(seconds: 600), on: [.token], .always)
            let asking = Task { () -> SourceFault? in
                do throws(SourceFault) {
                    _ = try await source.date(for: stream)
                    return nil
                } catch {
                    return error
                }
            }
            try await portal.waitUntil { $0.requests(for: .token).count == 1 }

            asking.cancel()
            let fault = await asking.value
            await source.shutDown()

            #expect(fault?.kind == .unreachable)
            #expect(fault?.description == "spool cancelled the token request")
        }
    }

    @Test(
        "a request cancelled while the token service was silent leaves nothing behind: the next one works"
    )
    func asksAnew() async throws {
        try await Portals.with(Portals.configuration(), auth: { Portals.application($0) }) { portal, source in
            let stream = try #require(source.streams.first)
            portal.addFault(.slow(seconds: 600), on: [.token])
            let asking = Task { try? await source.date(for: stream) }
            try await portal.waitUntil { $0.requests(for: .token).count == 1 }
            asking.cancel()
            _ = await asking.value

            _ = try await source.date(for: stream)

            #expect(tokens(portal) == 2)
        }
    }

    @Test("an expired token is no longer used")
    func endsWithLifetime() async throws {
        let elapsed = Elapsed()
        try await Portals.with(
            Portals.configuration(),
            auth: { Portals.application($0) },
            elapsed: { elapsed.now }
        ) { portal, source in
            let stream = try #require(source.streams.first)
            _ = try await source.date(for: stream)
            elapsed.advance(.seconds(3_600))
            portal.addFault(.status(500), on: [.token])

            let error = await #expect(throws: SourceFault.self) { try await source.date(for: stream) }

            #expect(error?.kind == .nonsense)
            #expect(portal.requests.requests(for: .activities).count == 1)
        }
    }

    @Test(
        "a wrong secret or tenant is an invalid token, with the service's code and without the secret"
    )
    func refusesCredentials() async throws {
        var configuration = Portals.configuration()
        configuration.credentials.application?.secret = "another"
        try await Portals.with(configuration, auth: { Portals.application($0) }) { portal, source in
            let stream = try #require(source.streams.first)
            let error = await #expect(throws: SourceFault.self) { try await source.date(for: stream) }
            #expect(error?.kind == .invalidToken)
            #expect(error?.description.hasPrefix("Invalid token: 127.0.0.1:\(portal.port) refuses") == true)
            #expect(error?.description.contains("(AADSTS7000215)") == true)
            #expect(error?.description.contains(Credentials.defaultApplication.secret) == false)
        }
        try await Portals.with(
            Portals.configuration(),
            auth: { Portals.application($0, tenant: "elsewhere") }
        ) { _, source in
            let stream = try #require(source.streams.first)
            let error = await #expect(throws: SourceFault.self) { try await source.date(for: stream) }
            #expect(error?.kind == .invalidToken)
        }
    }

    @Test(
        "failures of the token service are transport faults",
        arguments: [
            (Fault.hangUp, SourceFault.Kind.incomplete), (.status(500), .nonsense), (.htmlPage, .nonsense),
        ]
    )
    func survivesAuthority(fault: Fault, kind: SourceFault.Kind) async throws {
        try await Portals.with(Portals.configuration(), auth: { Portals.application($0) }) { portal, source in
            let stream = try #require(source.streams.first)
            portal.addFault(fault, on: [.token])

            let error = await #expect(throws: SourceFault.self) { try await source.date(for: stream) }
            #expect(error?.kind == kind)

            _ = try await source.date(for: stream)
        }
    }

    @Test("a wrong legacy token is reported immediately as invalid")
    func refusesLegacyToken() async throws {
        try await Portals.with(Portals.configuration(), token: "wrong-token") { portal, source in
            let stream = try #require(source.streams.first)
            let error = await #expect(throws: SourceFault.self) { try await source.date(for: stream) }
            #expect(error?.kind == .invalidToken)
            #expect(error?.description.hasPrefix("Invalid token") == true)
            #expect(error?.description.contains("wrong-token") == false)
            #expect(portal.requests.total == 1)
        }
    }

    @Test("a token that is replaced in its file is used after a rejection, without a reload")
    func rereadsToken() async throws {
        let folder = try TemporaryFolder()
        let file = try folder.write("the-old-token", to: "token")
        try await Simulator.run(Portals.configuration()) { portal in
            let source = try Portals.source(portal.url, auth: "{ token: \"file:\(file)\" }")
            let stream = try #require(source.streams.first)
            let refused = await #expect(throws: SourceFault.self) { try await source.date(for: stream) }
            #expect(refused?.kind == .invalidToken)
            #expect(portal.requests.total == 1)

            // As Kubernetes does: the file is replaced by another one.
            try folder.write(Credentials.defaultToken + "\n", to: "next")
            #expect(rename(folder.path("next"), file) == 0)
            _ = try await source.date(for: stream)
            _ = try await source.date(for: stream)

            #expect(portal.requests.requests(for: .activities).map(\.status) == [401, 401, 200, 200])
            await source.shutDown()
        }
    }

    @Test(
        "an application's secret that is replaced in its file is used after a rejection, without a reload"
    )
    func rereadsSecret() async throws {
        let folder = try TemporaryFolder()
        let file = try folder.write("the-old-secret", to: "secret")
        try await Simulator.run(Portals.configuration()) { portal in
            let auth = Portals.application(portal.url).replacing("${CLIENT_SECRET}", with: "file:\(file)")
            let source = try Portals.source(portal.url, auth: auth)
            let stream = try #require(source.streams.first)
            let refused = await #expect(throws: SourceFault.self) { try await source.date(for: stream) }
            #expect(refused?.kind == .invalidToken)
            #expect(tokens(portal) == 1)

            try folder.write(Credentials.defaultApplication.secret, to: "secret")
            _ = try await source.date(for: stream)
            #expect(tokens(portal) == 3)
            await source.shutDown()
        }
    }

    @Test("a web page instead of the token service's response says nothing about the application")
    func tellsWebPage() throws {
        let settings = try Configured.settings(
            Configured.minimal(url: "https://c.example", auth: Portals.application("https://login.example"))
        )
        guard case .application(let application) = settings.authentication else { return }
        let answer = HTTPAnswer(
            status: 403,
            headers: ["content-type": "text/html"],
            body: Array("<p>no".utf8)
        )
        let error = #expect(throws: SourceFault.self) { try AccessToken.read(answer, application) }
        #expect(error?.kind == .nonsense)
        #expect(error?.description.contains("proxy or firewall") == true)
    }

    @Test("every request contains the program's name")
    func tellsProgram() async throws {
        let listener = try HTTPListener()
        listener.answer("200 OK")
        let url = "http://127.0.0.1:\(listener.port)"
        let source = try Portals.source(url, auth: Portals.application(url))
        let stream = try #require(source.streams.first)
        await #expect(throws: SourceFault.self) { try await source.date(for: stream) }
        await source.shutDown()
        let token = try Portals.source(url)
        await #expect(throws: SourceFault.self) { try await token.date(for: stream) }
        await token.shutDown()

        #expect(listener.requests.count == 2)
        #expect(listener.requests.allSatisfy { $0.headers["user-agent"] == "spool/\(ProgramVersion.number)" })
    }

    @Test("a missing permission concerns only its stream")
    func tellsMissingPermission() async throws {
        var configuration = Portals.configuration()
        configuration.credentials.permissions = [.alerts]
        try await Portals.with(configuration) { _, source in
            let streams = source.streams
            let error = await #expect(throws: SourceFault.self) { try await source.date(for: streams[0]) }
            #expect(error?.kind == .forbidden)
            #expect(error?.description.contains("contoso/activities") == true)
            _ = try await source.date(for: streams[1])
        }
    }

    @Test("a filter that the portal does not support is rejected by name; within a scan the scan is lost")
    func tellsRefusedFilter() async throws {
        let streams = "{ activities: { filters: { fileLabels: { eq: [x] } } } }"
        try await Portals.with(Portals.configuration(), streams: streams) { _, source in
            let stream = try #require(source.streams.first)
            var scan = Scan(reason: .poll, from: Timestamp(milliseconds: 0), to: nil, filterHash: "")

            let error = await #expect(throws: SourceFault.self) {
                try await source.page(of: stream, scan: scan, limit: 500)
            }
            #expect(error?.kind == .rejected)
            #expect(error?.description.contains("`fil") == true)

            scan.position =
                #"{"isUnordered":false,"pending":[],"segment":"#
                + #"{"filters":"{\"created\":{\"no\":1}}"},"skip":0}"#
            let lost = await #expect(throws: SourceFault.self) {
                try await source.page(of: stream, scan: scan, limit: 500)
            }
            #expect(lost?.kind == .scanLost)
        }
    }
}
