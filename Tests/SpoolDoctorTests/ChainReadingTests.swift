import Foundation
import SpoolCore
import SpoolNetwork
import SpoolTestSupport
import SwiftASN1
import Testing
import X509

@testable import SpoolDoctor

@Suite("why a chain is trusted or not")
struct ChainReadingTests {
    private let folder: TemporaryFolder
    private let chain: TestChain
    /// Slightly later than the making of certificates, whose times are whole seconds.
    ///
    /// The clock is read at each use, because the certificates are made after the suite is created, minutes
    /// later on a busy machine.
    private var now: Timestamp { localTime() + .minutes(1) }

    init() async throws {
        folder = try TemporaryFolder()
        chain = try await TestChain(in: folder, host: "contoso.portal.cloudappsecurity.com")
    }

    private func certificate(_ file: String) throws -> Certificate {
        try Certificate(pemEncoded: String(contentsOfFile: file, encoding: .utf8))
    }

    private func read(
        _ sent: [String],
        host: String = "localhost",
        system: [String] = [],
        added: [String] = [],
        at time: Timestamp? = nil
    ) throws -> ChainParser {
        let trusted = TrustStore(
            certificates: try system.map(certificate),
            added: try added.map(certificate)
        )
        return ChainParser(try sent.map(certificate), host: host, trusted: trusted, at: time ?? now)
    }

    @Test("a complete chain that ends at a trusted root has no fault, by name, address and wildcard")
    func sound() throws {
        let hosts = [
            "localhost", "127.0.0.1", "::1", "contoso.portal.cloudappsecurity.com",
            "x.contoso.portal.cloudappsecurity.com",
        ]
        for host in hosts {
            let reading = try read(
                [chain.server.certFile, chain.issuingFile],
                host: host,
                system: [chain.rootFile]
            )

            #expect(reading.faults == [], "\(host)")
            #expect(
                reading.path == [
                    "contoso.portal.cloudappsecurity.com", TestChain.issuingName, TestChain.rootName,
                ]
            )
            #expect(reading.inspector == nil)
        }
    }

    @Test("an issuing CA that the server does not send is named, with the address of its certificate")
    func missingIntermediate() throws {
        let reading = try read([chain.server.certFile], system: [chain.rootFile])

        #expect(
            reading.faults == [
                .missingIssuer(
                    name: TestChain.issuingName,
                    of: "contoso.portal.cloudappsecurity.com",
                    addresses: [TestChain.issuingAddress],
                    isOfPeer: true
                )
            ]
        )
    }

    @Test(
        "tls.ca_file may supply a certificate that the server does not send, but the root is still required"
    )
    func added() throws {
        let supplied = try read([chain.server.certFile], system: [chain.rootFile], added: [chain.issuingFile])
        let rootless = try read([chain.server.certFile], added: [chain.issuingFile])

        #expect(supplied.faults == [])
        #expect(
            rootless.faults == [
                .rootlessAuthority(name: TestChain.issuingName, issuer: TestChain.rootName, addresses: [])
            ]
        )
    }

    @Test("a root that is not trusted is named, whether it is sent or not")
    func unknownRoot() throws {
        let unsent = try read([chain.server.certFile, chain.issuingFile])
        let sent = try read([chain.server.certFile, chain.issuingFile, chain.rootFile])

        #expect(
            unsent.faults == [
                .missingIssuer(
                    name: TestChain.rootName,
                    of: TestChain.issuingName,
                    addresses: [],
                    isOfPeer: false
                )
            ]
        )
        #expect(sent.faults == [.unknownRoot(name: TestChain.rootName)])
    }

    @Test("times and hosts are reported as separate faults")
    func timeAndHost() throws {
        let sent = [chain.server.certFile, chain.issuingFile]
        let (from, until) = try certificate(chain.server.certFile).validity

        let early = try read(sent, system: [chain.rootFile], at: from - .seconds(1))
        let late = try read(sent, host: "siem.example", system: [chain.rootFile], at: until + .seconds(1))

        #expect(early.faults.contains(.notYetValid(name: "contoso.portal.cloudappsecurity.com", from: from)))
        #expect(late.faults.contains(.expired(name: "contoso.portal.cloudappsecurity.com", at: until)))
        let names = try certificate(chain.server.certFile).hosts
        #expect(late.faults.contains(.wrongHost(names: names)))
        #expect(names.contains("127.0.0.1") && names.contains("::1"))
    }

    @Test("a wildcard matches exactly one label")
    func wildcard() throws {
        let leaf = try certificate(chain.server.certFile)

        #expect(!leaf.isMadeOut(to: "a.b.contoso.portal.cloudappsecurity.com"))
        #expect(!leaf.isMadeOut(to: "portal.cloudappsecurity.com"))
        #expect(leaf.isMadeOut(to: "A.Contoso.portal.cloudappsecurity.com"))
    }

    @Test("a self-signed certificate is distinguished from one of an unknown authority")
    func selfSigned() async throws {
        let certificates = try await TestCertificates(in: folder)

        let stranger = try read([certificates.stranger.certFile])
        let trusted = try read([certificates.stranger.certFile], added: [certificates.stranger.certFile])

        #expect(stranger.faults == [.selfSigned(name: "localhost")])
        #expect(trusted.faults == [])
    }

    @Test(
        "a Microsoft host with an authority of neither Microsoft nor DigiCert indicates an inspection proxy"
    )
    func inspection() async throws {
        let certificates = try await TestCertificates(in: folder)
        let host = "contoso.portal.cloudappsecurity.com"

        let inspected = try read([certificates.server.certFile], host: host)
        let genuine = try read([chain.server.certFile, chain.issuingFile], host: host)
        let elsewhere = try read([certificates.server.certFile], host: "siem.example")

        #expect(inspected.inspector == "spool test authority")
        #expect(genuine.inspector == nil)
        #expect(elsewhere.inspector == nil)
        let verdict = ChainVerdict(inspected, isAccepted: false, peer: host, at: now)
        #expect(verdict.found.contains("probably a proxy that inspects TLS"))
        #expect(verdict.remedy?.contains("\"spool test authority\"") == true)
    }

    @Test(
        "the remedy says where to get the issuing CA and where to put it; a near expiry is a warning"
    )
    func words() throws {
        let reading = try read([chain.server.certFile])
        let sound = try read([chain.server.certFile, chain.issuingFile], system: [chain.rootFile])
        let until = try #require(sound.until)

        let missing = ChainVerdict(reading, isAccepted: false, peer: "portal:443", at: now)
        let fresh = ChainVerdict(sound, isAccepted: true, peer: "portal:443", at: now)
        let ending = ChainVerdict(sound, isAccepted: true, peer: "portal:443", at: until - .days(13))

        #expect(missing.verdict == .problem)
        #expect(missing.found.contains("\"\(TestChain.issuingName)\""))
        #expect(missing.remedy?.contains(TestChain.issuingAddress) == true)
        #expect(missing.remedy?.contains("tls.ca_file") == true)
        #expect(fresh.verdict == .ok && fresh.remedy == nil)
        #expect(ending.verdict == .warning)
        #expect(ending.found.contains("in 13d"))
    }

    @Test(
        "each of the eight authorities of the old run-book is reported with trust, reason and expiry"
    )
    func runBook() throws {
        let plan = ConnectionPlan(
            role: .portal,
            endpoint: Endpoint(host: "c.portal.cloudappsecurity.com", port: 443),
            transport: .tcp
        )
        let checks = AuthorityChecks(
            subject: "source c",
            plan: plan,
            settings: TLSSettings(),
            now: { Timestamp(milliseconds: 1_764_000_000_000) }
        )
        let root = try certificate(chain.rootFile)
        let issuing = try certificate(chain.issuingFile)

        let trusted = checks.finding(TrustStore(certificates: [root]), "looked")
        let rootless = checks.finding(TrustStore(certificates: [], added: [issuing]), "looked")

        #expect(trusted.verdict == .ok)
        let numbers = "Microsoft Azure RSA TLS Issuing CA 03, 04, 07, 08 (until 2026-08-25)"
        #expect(trusted.found.contains("\(numbers): trusted through \"\(KnownAuthorities.root)\""))
        #expect(
            trusted.found.contains("Microsoft Azure TLS Issuing CA 01, 02, 05, 06 (expired on 2024-06-27)")
        )
        #expect(rootless.verdict == .problem)
        #expect(rootless.found.contains("\(TestChain.issuingName) (until 2026-08-25): trusted directly"))
        #expect(rootless.found.contains("CA 04, 07, 08 (until 2026-08-25): not trusted"))
        #expect(rootless.remedy?.contains(KnownAuthorities.rootAddress) == true)
        #expect(KnownAuthorities.runBook.count == 8)
        #expect(
            KnownAuthorities.runBook.contains { TestChain.issuingAddress.hasSuffix($0.address.dropFirst(8)) }
        )
    }
}
