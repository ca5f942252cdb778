import SpoolNetwork
import SpoolReceiver
import SpoolTestSupport
import Testing

@testable import SpoolDoctor

@Suite("What a probe leaves at a receiver", .timeLimit(.minutes(5)))
struct ProbeEndTests {
    @Test(
        "every connection of a TLS examination ends with close_notify, trusted or not",
        arguments: [true, false]
    )
    func tls(isTrusted: Bool) async throws {
        let folder = try TemporaryFolder()
        let certificates = try await TestCertificates(in: folder)
        let pair = certificates.server
        try await Receiver.run(.tls(pair.certFile, pair.keyFile)) { receiver in
            let settings = TLSSettings(caFile: isTrusted ? certificates.caFile : nil)

            let findings = await examine("localhost", receiver.port, .tls(settings))

            try await receiver.waitUntil { $0.connectionsOpened == $0.connectionsClosed }
            #expect(findings.of("SIEM connection")?.verdict == .ok)
            #expect((findings.problems.isEmpty) == isTrusted, "\(findings.problems)")
            let ends = receiver.connections.map(\.end)
            #expect(ends.count == 2)
            // Only the rejection of an untrusted certificate is reported to the receiver as an error.
            #expect(ends.count { $0 == .byPeer } == (isTrusted ? 2 : 1), "\(ends)")
            #expect(receiver.counts.bytesRead == 0)
        }
    }

    @Test("a TLS examination of a port for plain lines sends one greeting")
    func plain() async throws {
        try await Receiver.run(.init()) { receiver in
            let findings = await examine(
                "127.0.0.1",
                receiver.port,
                .tls(TLSSettings()),
                timeout: .seconds(1)
            )

            try await receiver.waitUntil { $0.connectionsClosed == 1 }
            #expect(findings.problems.first?.found.contains("never answers the handshake") == true)
            #expect(receiver.counts.connectionsOpened == 1)
            #expect(receiver.counts.bytesRead < 1_024)
        }
    }
}
