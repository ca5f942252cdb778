import Foundation
import NIOSSL
import SpoolReceiver
import SpoolTestSupport
import Testing

@Suite("A certificate that the receiver generates")
struct SelfMadeCertificateTests {
    @Test(
        "a client that uses it as its authority connects by any of its names",
        arguments: [
            "localhost", "127.0.0.1",
        ]
    )
    func trusted(_ name: String) async throws {
        let made = try SelfMadeCertificate(for: ["localhost", "127.0.0.1", "::1"], now: Date())
        try await Receiver.run(ReceiverConfiguration(.tls(ReceiverTLS(.selfMade(made))))) {
            receiver async throws in
            let sender = try await Sender.connect(port: receiver.port, host: name, tls: try client(made))

            try await sender.send("<13>one\n")

            try await receiver.waitFor(messages: 1)
            try await sender.close()
        }
    }

    @Test("contains names, one month of validity and its own authority, as read by `openssl`")
    func contents() async throws {
        let folder = try TemporaryFolder()
        let made = try SelfMadeCertificate(for: ["siem.example", "2001:db8::1"], now: Date())
        let file = try folder.write(made.certificatePEM, to: "cert.pem")

        let text = try await openssl(["x509", "-in", file, "-noout", "-text", "-fingerprint", "-sha256"])

        #expect(text.contains("DNS:siem.example, IP Address:2001:DB8:0:0:0:0:0:1"))
        #expect(text.contains("CA:TRUE"))
        #expect(text.contains(made.fingerprint))
    }

    @Test("files without a certificate or key are named")
    func unreadable() async throws {
        let folder = try TemporaryFolder()
        let file = try folder.write("no certificate", to: "cert.pem")
        let tls = ReceiverTLS(certificateFile: file, keyFile: file)

        let fault = await #expect(throws: ReceiverFault.self) {
            try await Receiver.start(ReceiverConfiguration(.tls(tls)))
        }

        #expect(fault?.description.contains(file) == true)
    }

    @Test("a port in use is reported")
    func taken() async throws {
        try await Receiver.run { first async throws in
            var configuration = ReceiverConfiguration()
            configuration.port = first.port

            let fault = await #expect(throws: ReceiverFault.self) {
                try await Receiver.start(configuration)
            }

            #expect(fault?.description.contains("another program listens there") == true)
        }
    }

    private func client(_ made: SelfMadeCertificate) throws -> TLSConfiguration {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.trustRoots = .certificates(
            try NIOSSLCertificate.fromPEMBytes(Array(made.certificatePEM.utf8))
        )
        return configuration
    }

    private func openssl(_ arguments: [String]) async throws -> String {
        try await Tool.run("openssl", arguments).output
    }
}
