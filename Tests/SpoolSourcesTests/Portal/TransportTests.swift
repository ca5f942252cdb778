import NIOSSL
import SpoolCore
import SpoolNetwork
import SpoolSimulator
import SpoolTestSupport
import Testing

@testable import SpoolSources

@Suite("The connection to the portal", .timeLimit(.minutes(5)))
struct TransportTests {
    /// Sends one request and returns the fault; nil after a response.
    private func fault(_ source: DefenderSource) async throws -> SourceFault? {
        let stream = try #require(source.streams.first)
        defer { withExtendedLifetime(source) {} }
        var found: SourceFault?
        do throws(SourceFault) { _ = try await source.date(for: stream) } catch { found = error }
        await source.shutDown()
        return found
    }

    private func tlsPortal(_ pair: TestCertificates.Pair, _ body: (Simulator) async throws -> Void)
        async throws
    {
        var configuration = Portals.configuration(history: 10)
        configuration.tls = SimulatorTLS(certificateFile: pair.certFile, keyFile: pair.keyFile)
        try await Simulator.run(configuration, body)
    }

    @Test("a certificate of the configured authority is trusted, in addition to the system's")
    func trustsConfiguredAuthority() async throws {
        let folder = try TemporaryFolder()
        let certificates = try await TestCertificates(in: folder)
        try await tlsPortal(certificates.server) { portal in
            let source = try Portals.source(
                "https://localhost:\(portal.port)",
                more: "tls: { ca_file: \"\(certificates.caFile)\" }"
            )
            #expect(try await fault(source) == nil)
        }
    }

    @Test("an unknown authority is reported with the host and the setting that helps")
    func refusesUnknownAuthority() async throws {
        let folder = try TemporaryFolder()
        let certificates = try await TestCertificates(in: folder)
        try await tlsPortal(certificates.server) { portal in
            let found = try await fault(try Portals.source("https://localhost:\(portal.port)"))
            #expect(found?.kind == .unreachable)
            #expect(
                found?.description.contains("certificate of localhost:\(portal.port) is not trusted") == true
            )
            #expect(found?.description.contains("`tls.ca_file`") == true)
        }
    }

    @Test("an expired certificate, and one for another name, are rejected")
    func refusesOtherCertificates() async throws {
        let folder = try TemporaryFolder()
        let certificates = try await TestCertificates(in: folder)
        let more = "tls: { ca_file: \"\(certificates.caFile)\" }"
        try await tlsPortal(certificates.expired) { portal in
            let found = try await fault(try Portals.source("https://localhost:\(portal.port)", more: more))
            #expect(found?.kind == .unreachable)
            #expect(found?.description.contains("is not trusted") == true)
        }
        try await tlsPortal(certificates.wrongHost) { portal in
            let found = try await fault(try Portals.source("https://localhost:\(portal.port)", more: more))
            #expect(found?.kind == .unreachable)
            #expect(found?.description.contains("is for another name") == true)
        }
    }

    @Test("TLS below 1.2 is rejected")
    func refusesOldTLS() async throws {
        let folder = try TemporaryFolder()
        let certificates = try await TestCertificates(in: folder)
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: try NIOSSLCertificate.fromPEMFile(certificates.server.certFile).map {
                .certificate($0)
            },
            privateKey: .privateKey(try NIOSSLPrivateKey(file: certificates.server.keyFile, format: .pem))
        )
        configuration.minimumTLSVersion = .tlsv1
        configuration.maximumTLSVersion = .tlsv11
        let server = try await RawServer.start(
            answering: "",
            tls: try NIOSSLContext(configuration: configuration)
        )
        let source = try Portals.source(
            "https://localhost:\(server.port)",
            more: "tls: { ca_file: \"\(certificates.caFile)\" }"
        )

        let found = try await fault(source)

        #expect(found?.kind == .unreachable)
        #expect(found?.description.contains("TLS") == true)
        try await server.stop()
    }

    @Test("a name without an address, and a closed port, are reported")
    func tellsUnreachable() async throws {
        let noName = try await fault(try Portals.source("https://no-such-host.invalid"))
        #expect(noName?.kind == .unreachable)
        #expect(noName?.description.contains("no-such-host.invalid") == true)

        let server = try await RawServer.start(answering: "")
        try await server.stop()
        let refused = try await fault(try Portals.source("http://127.0.0.1:\(server.port)"))
        #expect(refused?.kind == .unreachable)
        #expect(refused?.description.contains("refuses the connection") == true)
    }

    @Test(
        "responses that are not the API's are distinguished",
        arguments: [
            ("SSH-2.0-OpenSSH_9.2\r\n", SourceFault.Kind.nonsense, "does not answer in HTTP"),
            ("", .incomplete, "dropped the connection"),
            (
                "HTTP/1.1 200 OK\r\nContent-Length: 27\r\n\r\n{\"data\":[],\"hasNext\":false}", .nonsense,
                "no readable `Date`"
            ),
            (
                "HTTP/1.1 200 OK\r\nDate: today\r\nContent-Length: 27\r\n\r\n{\"data\":[],\"hasNext\":false}",
                .nonsense, "no readable `Date`"
            ),
            (
                "HTTP/1.1 302 Found\r\nLocation: https://login.example/x?y=1\r\nContent-Length: 0\r\n\r\n",
                .nonsense, "requests to login.example (302)"
            ),
            ("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", .nonsense, "check that `url`"),
            ("HTTP/1.1 407 Proxy\r\nContent-Length: 0\r\n\r\n", .invalidProxy, "Invalid proxy address"),
            (
                "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 2\r\n\r\nhi", .nonsense,
                "web page"
            ),
            (blocked("400 Bad Request"), .nonsense, "proxy or firewall"),
            (blocked("401 Unauthorized"), .nonsense, "proxy or firewall"),
            (blocked("402 Payment Required"), .nonsense, "proxy or firewall"),
            (blocked("403 Forbidden"), .nonsense, "proxy or firewall"),
            (blocked("406 Not Acceptable"), .nonsense, "proxy or firewall"),
            (blocked("451 Unavailable For Legal Reasons"), .nonsense, "proxy or firewall"),
            (blocked("511 Network Authentication Required"), .nonsense, "proxy or firewall"),
            (invalidTokenAsWebPage, .invalidToken, "Invalid token"),
            (
                "HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 4\r\n\r\nabcd", .nonsense,
                "encoding `br`"
            ),
            (
                "HTTP/1.1 403 Forbidden\r\nContent-Length: 25\r\n\r\n{\"detail\":\"Invalid token\"}",
                .invalidToken, "Invalid token"
            ),
            (
                "HTTP/1.1 503 Busy\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n", .throttled(.seconds(7)),
                "asks for a retry later"
            ),
            (
                "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"data\":[", .incomplete,
                "in the middle of its answer"
            ),
        ]
    )
    func tellsOddAnswers(answer: String, kind: SourceFault.Kind, text: String) async throws {
        let server = try await RawServer.start(answering: answer)

        let found = try await fault(try Portals.source("http://127.0.0.1:\(server.port)"))

        #expect(found?.kind == kind)
        #expect(found?.description.contains(text) == true, "\(found?.description ?? "no fault")")
        try await server.stop()
    }

    @Test(
        "requests use the configured proxy, with its credentials, and the tunnel is TLS to the portal"
    )
    func goesThroughProxy() async throws {
        let folder = try TemporaryFolder()
        let certificates = try await TestCertificates(in: folder)
        // "me:p@ss:w/rd"
        let proxy = try await ConnectProxy.start(.wants("Basic bWU6cEBzczp3L3Jk"))
        try await tlsPortal(certificates.server) { portal in
            let source = try Portals.source(
                "https://localhost:\(portal.port)",
                more: """
                    tls: { ca_file: "\(certificates.caFile)" }
                    proxy: "http://me:${PROXY_PASSWORD}@127.0.0.1:\(proxy.port)"
                    """
            )
            #expect(try await fault(source) == nil)
            #expect(proxy.requests == ["CONNECT localhost:\(portal.port) HTTP/1.1"])
        }
        try await proxy.stop()
    }

    @Test("a certificate problem behind a proxy is the portal's, not the proxy's")
    func tellsCertificateBehindProxy() async throws {
        let folder = try TemporaryFolder()
        let certificates = try await TestCertificates(in: folder)
        let proxy = try await ConnectProxy.start()
        try await tlsPortal(certificates.server) { portal in
            let found = try await fault(
                try Portals.source(
                    "https://localhost:\(portal.port)",
                    more: "proxy: http://127.0.0.1:\(proxy.port)"
                )
            )
            #expect(found?.kind == .unreachable)
            #expect(found?.description.contains("`tls.ca_file`") == true)
        }
        try await proxy.stop()
    }

    @Test(
        "a proxy that refuses is named, and the token is not sent",
        arguments: [
            (ConnectProxy.Behaviour.wants("Basic x"), "requires credentials (407)"),
            (.refuse(status: "403 Forbidden"), "refuses to connect"),
            (.refuse(status: "502 Bad Gateway"), "refuses to connect"),
        ]
    )
    func tellsProxyRefusal(behaviour: ConnectProxy.Behaviour, text: String) async throws {
        let proxy = try await ConnectProxy.start(behaviour)
        let found = try await fault(
            try Portals.source(
                "https://contoso.portal.example",
                more: "proxy: http://127.0.0.1:\(proxy.port)"
            )
        )
        #expect(found?.kind == .invalidProxy)
        #expect(
            found?.description.hasPrefix("Invalid proxy address: the proxy 127.0.0.1:\(proxy.port)") == true
        )
        #expect(found?.description.contains(text) == true)
        #expect(proxy.requests == ["CONNECT contoso.portal.example:443 HTTP/1.1"])
        try await proxy.stop()
    }

    @Test("a missing proxy, by name or by port, is an invalid proxy address")
    func tellsMissingProxy() async throws {
        let proxy = try await ConnectProxy.start()
        try await proxy.stop()
        for address in ["127.0.0.1:\(proxy.port)", "localhost:\(proxy.port)", "no-such-proxy.invalid:3128"] {
            let found = try await fault(
                try Portals.source("https://contoso.portal.example", more: "proxy: http://\(address)")
            )
            #expect(found?.kind == .invalidProxy)
            #expect(found?.description.hasPrefix("Invalid proxy address: the proxy \(address)") == true)
        }
    }

    @Test("a silent proxy is reported as the cause")
    func tellsSilentProxy() async throws {
        let proxy = try await ConnectProxy.start(.silent)
        let source = try Portals.source(
            "https://contoso.portal.example",
            more: "proxy: http://127.0.0.1:\(proxy.port)",
            connect: .milliseconds(300)
        )

        let found = try await fault(source)

        #expect(found?.kind == .invalidProxy)
        #expect(found?.description.contains("does not answer") == true)
        try await proxy.stop()
    }

    @Test("wrong credentials for a proxy are reported without them")
    func tellsWrongProxyCredentials() async throws {
        let proxy = try await ConnectProxy.start(.wants("Basic other"))
        let found = try await fault(
            try Portals.source(
                "https://contoso.portal.example",
                more: "proxy: \"http://me:${PROXY_PASSWORD}@127.0.0.1:\(proxy.port)\""
            )
        )
        #expect(found?.kind == .invalidProxy)
        #expect(found?.description.contains("rejects the credentials") == true)
        #expect(found?.description.contains("p@ss") == false)
        try await proxy.stop()
    }

    @Test("a source that never sent a request needs no shutdown")
    func mayBeDropped() throws {
        _ = try Portals.source("https://contoso.portal.example")
    }

    @Test("after shutting down, requests fail instead of opening connections")
    func endsWithShutDown() async throws {
        let source = try Portals.source("http://127.0.0.1:1")
        await source.shutDown()
        #expect(try await fault(source) != nil)
    }
}

/// A firewall's response in place of the portal's.
private func blocked(_ status: String) -> String {
    "HTTP/1.1 \(status)\r\nContent-Type: text/html\r\nContent-Length: 69\r\n\r\n"
        + "<html><body>Access denied. Licensed to Example Firewall</body></html>"
}

/// The portal's JSON with the content type of a web page.
private let invalidTokenAsWebPage =
    "HTTP/1.1 403 Forbidden\r\nContent-Type: text/html\r\nContent-Length: 25\r\n\r\n"
    + "{\"detail\":\"Invalid token\"}"
