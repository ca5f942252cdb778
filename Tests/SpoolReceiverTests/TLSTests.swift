import NIOSSL
import SpoolReceiver
import SpoolTestSupport
import Testing

@Suite("The receiver over TLS")
struct TLSTests {
    private let folder: TemporaryFolder
    private let certificates: TestCertificates

    init() async throws {
        folder = try TemporaryFolder()
        certificates = try await TestCertificates(in: folder)
    }

    @Test("accepts messages of either framing")
    func messages() async throws {
        try await Receiver.run(configuration()) { receiver async throws in
            let sender = try await Sender.connect(port: receiver.port, tls: client())

            try await sender.send("8 <13>\none<14>two\n")
            try await receiver.waitFor(messages: 2)
            try await sender.close()
            try await receiver.waitUntil { $0.connectionsClosed == 1 }

            #expect(receiver.counts.octetCounted == 1 && receiver.counts.lines == 1)
            #expect(receiver.connections.first?.end == .byPeer)
        }
    }

    @Test("resets a connection without close_notify")
    func reset() async throws {
        var configuration = configuration()
        configuration.ending = .reset(afterBytes: 5)
        try await Receiver.run(configuration) { receiver async throws in
            let sender = try await Sender.connect(port: receiver.port, tls: client())

            try await sender.send("<13>more than five bytes\n")

            _ = try await sender.ended()
            try await receiver.waitUntil { $0.connectionsClosed == 1 }
            #expect(receiver.counts.bytesRead == 5)
            #expect(receiver.connections.first?.end == .reset)
        }
    }

    @Test("accepts clients whose certificate its authority signed")
    func clientCertificate() async throws {
        try await Receiver.run(configuration(asksClients: true)) { receiver async throws in
            var tls = client()
            let chain = try NIOSSLCertificate.fromPEMFile(certificates.client.certFile)
            tls.certificateChain = chain.map { .certificate($0) }
            tls.privateKey = .privateKey(
                try NIOSSLPrivateKey(file: certificates.client.keyFile, format: .pem)
            )
            let sender = try await Sender.connect(port: receiver.port, tls: tls)

            try await sender.send("<13>one\n")

            try await receiver.waitFor(messages: 1)
        }
    }

    @Test("rejects clients without a certificate if it requests one")
    func noClientCertificate() async throws {
        try await Receiver.run(configuration(asksClients: true)) { receiver async throws in
            let sender = try await Sender.connect(port: receiver.port, tls: client())

            // The handshake fails, and the write with it or after it.
            try? await sender.send("<13>one\n")

            try await receiver.waitUntil { $0.connectionsClosed == 1 }
            #expect(receiver.counts.messages == 0)
            guard case .failed = receiver.connections.first?.end else {
                Issue.record("the connection should have failed")
                return
            }
        }
    }

    private func configuration(asksClients: Bool = false) -> ReceiverConfiguration {
        let files = ReceiverTLS(
            certificateFile: certificates.server.certFile,
            keyFile: certificates.server.keyFile,
            clientAuthorityFile: asksClients ? certificates.caFile : nil
        )
        return ReceiverConfiguration(.tls(files))
    }

    private func client() -> TLSConfiguration {
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.trustRoots = .file(certificates.caFile)
        return tls
    }
}
