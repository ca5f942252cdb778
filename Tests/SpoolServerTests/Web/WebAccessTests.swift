import Foundation
import SpoolConfig
import SpoolCore
import Testing

@testable import SpoolServer

@Suite("Read access over HTTP")
struct WebAccessTests {
    private func access(_ listen: String, token: String? = nil) throws -> Access {
        Access(token: token.map { Secret($0) }, listen: try #require(ListenAddress(listen)))
    }

    @Test(
        "on loopback without a token, requests with a name of this machine may read",
        arguments: [
            ("localhost:9470", true), ("LOCALHOST", true), ("127.0.0.1:9470", true), ("127.3.2.1", true),
            ("[::1]:9470", true), ("rebound.example:9470", false), ("rebound.example", false),
            ("localhost.example", false), ("10.0.0.1:9470", false), ("[fe80::1]:1", false), ("", false),
        ]
    )
    func host(host: String, isAllowed: Bool) throws {
        let decision = try access("127.0.0.1:9470").decision(path: "/status", host: host, authorization: nil)

        #expect(decision == (isAllowed ? .allowed : .foreignHost))
    }

    @Test("a request without a host is rejected on loopback")
    func noHost() throws {
        let decision = try access("[::1]:0").decision(path: "/", host: nil, authorization: nil)

        #expect(decision == .foreignHost)
    }

    @Test(
        "with a token, requests that contain it may read under any host name",
        arguments: [
            ("Bearer 0123456789abcdef", true), ("bearer 0123456789abcdef", true), ("0123456789abcdef", false),
            ("Bearer 0123456789abcdeF", false), ("Bearer 0123456789abcde", false), ("Bearer", false),
            ("Bearer 0123456789abcdef0", false), ("Basic 0123456789abcdef", false), ("", false),
        ]
    )
    func token(authorization: String, isAllowed: Bool) throws {
        let access = try access("0.0.0.0:9470", token: "0123456789abcdef")

        let decision = access.decision(path: "/", host: "spool.example", authorization: authorization)

        #expect(decision == (isAllowed ? .allowed : .unauthorized))
    }

    @Test(
        "a token as the password of any user is accepted, as browsers send it",
        arguments: [
            ("Basic", "anyone:0123456789abcdef", true), ("basic", ":0123456789abcdef", true),
            ("BASIC", "spool:0123456789abcdef", true), ("Basic", "0123456789abcdef:", false),
            ("Basic", "0123456789abcdef", false), ("Basic", "spool:0123456789abcdeF", false),
            ("Basic", "spool:0123456789abcde", false), ("Basic", "spool:0123456789abcdef ", false),
            ("Basic", "", false), ("Digest", "spool:0123456789abcdef", false),
            ("Bearer", "spool:0123456789abcdef", false),
        ]
    )
    func basic(scheme: String, pair: String, isAllowed: Bool) throws {
        let access = try access("0.0.0.0:9470", token: "0123456789abcdef")
        let header = "\(scheme) \(Data(pair.utf8).base64EncodedString())"

        let decision = access.decision(path: "/", host: "spool.example", authorization: header)

        #expect(decision == (isAllowed ? .allowed : .unauthorized))
    }

    @Test("a password may contain colons and letters of any language")
    func passwords() throws {
        let header = "Basic \(Data("süß:a:b:ç".utf8).base64EncodedString())"

        #expect(ShownToken(authorization: header)?.bytes == Array("a:b:ç".utf8))
    }

    @Test(
        "credentials that are not base64, or not a pair, contain no token",
        arguments: ["Basic", "Basic ", "Basic ****", "Basic c3Bvb2w", "Basic c3Bvb2w=", "Basic Og=="]
    )
    func malformed(header: String) throws {
        let access = try access("0.0.0.0:9470", token: "0123456789abcdef")

        #expect(access.decision(path: "/", host: "h", authorization: header) == .unauthorized)
    }

    @Test("a configured token is required on loopback as well")
    func tokenOnLoopback() throws {
        let access = try access("127.0.0.1:9470", token: "0123456789abcdef")

        #expect(
            access.decision(path: "/metrics", host: "localhost", authorization: nil) == .unauthorized
        )
    }

    @Test("probes are answered for everyone", arguments: ["/healthz", "/readyz"])
    func probes(path: String) throws {
        let closed = try access("0.0.0.0:9470", token: "0123456789abcdef")
        let local = try access("127.0.0.1:9470")

        #expect(closed.decision(path: path, host: "10.1.2.3:9470", authorization: nil) == .allowed)
        #expect(local.decision(path: path, host: "10.1.2.3:9470", authorization: nil) == .allowed)
    }

    @Test("two texts are equal only if every byte is equal")
    func equality() {
        #expect(Access.areEqual(Array("abc".utf8), Array("abc".utf8)))
        #expect(!Access.areEqual(Array("abd".utf8), Array("abc".utf8)))
        #expect(!Access.areEqual(Array("abcd".utf8), Array("abc".utf8)))
        #expect(!Access.areEqual([], Array("abc".utf8)))
        #expect(!Access.areEqual(Array("ab".utf8) + [0], Array("ab".utf8)))
    }
}
