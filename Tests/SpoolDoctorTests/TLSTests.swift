import SpoolCore
import SpoolNetwork
import SpoolReceiver
import SpoolTestSupport
import Testing

@testable import SpoolDoctor

@Suite("TLS", .timeLimit(.minutes(5)))
struct TLSTests {
    private let folder: TemporaryFolder
    private let chain: TestChain
    private let certificates: TestCertificates

    init() async throws {
        folder = try TemporaryFolder()
        chain = try await TestChain(in: folder)
        certificates = try await TestCertificates(in: folder)
    }

    private func examine(_ port: Int, _ settings: TLSSettings, proxy: ProxyAddress? = nil) async -> [Finding]
    {
        await SpoolDoctorTests.examine("localhost", port, .tls(settings), proxy: proxy)
    }

    /// Trusts the authority, and uses the client certificate, if any.
    private func showing(_ pair: TestCertificates.Pair?) -> TLSSettings {
        var settings = TLSSettings(caFile: certificates.caFile)
        (settings.certFile, settings.keyFile) = (pair?.certFile, pair?.keyFile)
        return settings
    }

    @Test("a complete chain is good, directly and through a proxy, and its expiry is shown")
    func good() async throws {
        let proxy = try await ConnectProxy.start()
        try await Receiver.run(.tls(chain.wholeFile, chain.server.keyFile)) { receiver in
            let settings = TLSSettings(caFile: chain.rootDERFile)
            let straight = await examine(receiver.port, settings)
            let address = try ProxyAddress("http://127.0.0.1:\(proxy.port)")
            let proxied = await examine(receiver.port, settings, proxy: address)

            for findings in [straight, proxied] {
                #expect(findings.problems == [])
                #expect(findings.of("SIEM TLS version")?.found == "TLS 1.3 was negotiated")
                let found = findings.of("SIEM certificate")?.found ?? ""
                #expect(found.contains("issued by \"\(TestChain.rootName)\", valid until 20"))
            }
        }
        try await proxy.stop()
    }

    @Test("an issuing CA that the server does not send is named; tls.ca_file resolves it")
    func missingIssuer() async throws {
        let both = try folder.write(
            folder.read("root.pem") + folder.read("issuing.pem"),
            to: "both.pem"
        )
        try await Receiver.run(.tls(chain.server.certFile, chain.server.keyFile)) { receiver in
            let missing = await examine(receiver.port, TLSSettings(caFile: chain.rootFile))
            let rootless = await examine(receiver.port, TLSSettings(caFile: chain.issuingFile))
            let supplied = await examine(receiver.port, TLSSettings(caFile: both))

            let problem = try #require(missing.of("SIEM certificate"))
            #expect(problem.verdict == .problem)
            #expect(problem.found.contains("the issuing CA \"\(TestChain.issuingName)\" of \"localhost\""))
            #expect(problem.found.contains("omits its intermediate certificate"))
            #expect(problem.remedy?.contains(TestChain.issuingAddress) == true)
            #expect(rootless.of("SIEM certificate")?.found.contains("a chain has to end at a root") == true)
            #expect(supplied.problems == [])
        }
    }

    @Test("an expired, a wrong-host and a self-signed certificate are distinguished")
    func certificates() async throws {
        let cases = [
            (certificates.expired, "\"localhost\" expired at 2020-02-01"),
            (certificates.wrongHost, "the certificate is issued for other.example"),
            (certificates.stranger, "\"localhost\" is self-signed and not trusted here"),
        ]
        for (pair, words) in cases {
            try await Receiver.run(.tls(pair.certFile, pair.keyFile)) { receiver in
                let findings = await examine(receiver.port, TLSSettings(caFile: certificates.caFile))

                #expect(findings.problems.map(\.check) == ["SIEM certificate"])
                #expect(findings.problems.first?.found.contains(words) == true, "\(findings)")
            }
        }
    }

    @Test(
        "a server below TLS 1.2 is reported with its version",
        arguments: [("-tls1_1", "TLS 1.1"), ("-tls1", "TLS 1.0")]
    )
    func old(_ option: String, _ version: String) async throws {
        let options = [option, "-cipher", "ALL:@SECLEVEL=0"]
        let findings = try await OpenSSLServer.run(certificates.server, options) { server in
            await examine(server.port, TLSSettings(caFile: certificates.caFile))
        }

        #expect(findings.problems.map(\.check) == ["SIEM TLS version"])
        let found = findings.problems.first?.found ?? ""
        let limit = "supports \(version) at most; spool requires TLS 1.2 or newer"
        #expect(found.contains(limit))
    }

    @Test(
        "a receiver that requires a client certificate reports it, in TLS 1.3 only after the handshake",
        arguments: ["-tls1_2", "-tls1_3"]
    )
    func client(_ option: String) async throws {
        let options = [option, "-Verify", "2", "-verify_return_error", "-CAfile", certificates.caFile]
        let (without, with, other) = try await OpenSSLServer.run(certificates.server, options) { server in
            (
                await examine(server.port, showing(nil)),
                await examine(server.port, showing(certificates.client)),
                await examine(server.port, showing(certificates.stranger))
            )
        }

        let missing = try #require(without.problems.first)
        #expect(missing.check == "SIEM client certificate")
        #expect(missing.found.contains("requires a client certificate, and none is configured"))
        #expect(with.problems == [])
        #expect(with.of("SIEM client certificate")?.found == "it requests one and accepts the configured one")
        let refused = try #require(other.problems.first)
        #expect(refused.found.contains("rejected the certificate of `tls.cert_file`"))
    }

    @Test("a receiver that requests but does not require a certificate, and one that requests none, are good")
    func optional() async throws {
        let options = ["-verify", "2", "-CAfile", certificates.caFile]
        let optional = try await OpenSSLServer.run(certificates.server, options) { server in
            await examine(server.port, showing(nil))
        }
        let unasked = try await OpenSSLServer.run(certificates.server) { server in
            await examine(server.port, showing(certificates.client))
        }

        #expect(
            optional.of("SIEM client certificate")?.found
                == "it requests one and accepts connections without it"
        )
        #expect(unasked.of("SIEM client certificate")?.found.contains("does not request one") == true)
    }
}
