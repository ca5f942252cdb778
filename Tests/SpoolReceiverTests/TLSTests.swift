import Foundation
import NIOSSL
import SpoolReceiver
import Testing

@Suite("The receiver over TLS")
struct TLSTests {
    @Test("takes messages of either framing")
    func messages() async throws {
        try await withFiles { certificate, key in
            let configuration = ReceiverConfiguration(
                .tls(ReceiverTLS(certificateFile: certificate, keyFile: key))
            )
            try await Receiver.run(configuration) { receiver async throws in
                var tls = TLSConfiguration.makeClientConfiguration()
                tls.trustRoots = .file(certificate)
                let sender = try await Sender.connect(port: receiver.port, tls: tls)

                try await sender.send("8 <13>\none<14>two\n")
                try await receiver.waitFor(messages: 2)
                try await sender.close()
                try await receiver.waitUntil { $0.connectionsClosed == 1 }

                #expect(receiver.counts.octetCounted == 1 && receiver.counts.lines == 1)
                #expect(receiver.connections.first?.end == .byPeer)
            }
        }
    }

    @Test("resets a connection without saying good-bye")
    func reset() async throws {
        try await withFiles { certificate, key in
            var configuration = ReceiverConfiguration(
                .tls(ReceiverTLS(certificateFile: certificate, keyFile: key))
            )
            configuration.ending = .reset(afterBytes: 5)
            try await Receiver.run(configuration) { receiver async throws in
                var tls = TLSConfiguration.makeClientConfiguration()
                tls.trustRoots = .file(certificate)
                let sender = try await Sender.connect(port: receiver.port, tls: tls)

                try await sender.send("<13>more than five bytes\n")

                _ = try await sender.ended()
                try await receiver.waitUntil { $0.connectionsClosed == 1 }
                #expect(receiver.counts.bytesRead == 5)
                #expect(receiver.connections.first?.end == .reset)
            }
        }
    }

    @Test("asks for the client's certificate if it is to", arguments: [true, false])
    func clientCertificate(isShown: Bool) async throws {
        try await withFiles { certificate, key in
            let files = ReceiverTLS(
                certificateFile: certificate,
                keyFile: key,
                clientAuthorityFile: certificate
            )
            try await Receiver.run(ReceiverConfiguration(.tls(files))) { receiver async throws in
                var tls = TLSConfiguration.makeClientConfiguration()
                tls.trustRoots = .file(certificate)
                if isShown {
                    tls.certificateChain = try NIOSSLCertificate.fromPEMFile(certificate).map {
                        .certificate($0)
                    }
                    tls.privateKey = .privateKey(try NIOSSLPrivateKey(file: key, format: .pem))
                }
                let sender = try await Sender.connect(port: receiver.port, tls: tls)

                // Without a certificate the handshake fails, and the write with it or after it.
                try? await sender.send("<13>one\n")

                if isShown {
                    try await receiver.waitFor(messages: 1)
                } else {
                    try await receiver.waitUntil { $0.connectionsClosed == 1 }
                    #expect(receiver.counts.messages == 0)
                    guard case .failed = receiver.connections.first?.end else {
                        Issue.record("the connection should have failed")
                        return
                    }
                }
            }
        }
    }

    private func withFiles(_ body: (_ certificate: String, _ key: String) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let certificate = folder.appending(path: "certificate.pem")
        let key = folder.appending(path: "key.pem")
        try Data(Self.certificate.utf8).write(to: certificate)
        try Data(Self.key.utf8).write(to: key)
        try await body(certificate.path, key.path)
    }

    /// Signed by itself, for localhost, good for a hundred years; made for these tests alone.
    private static let certificate = """
        -----BEGIN CERTIFICATE-----
        MIIBmzCCAUGgAwIBAgIUB+amHyHwNvGVjMBbt/G5eGSAm1swCgYIKoZIzj0EAwIw
        FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyNDA4MjI0MloYDzIxMjYxMDMx
        MDgyMjQyWjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
        PQMBBwNCAATISpmddk1U2/DFkm4JCqDaRPvEAaFDQZ66XEx/2au9Jfrt+PtUtbTY
        CzH/r4pkhmGUd3SrLFJwKp9Z6juSfTUxo28wbTAdBgNVHQ4EFgQU7JcocRAt0BW5
        RJ8Nwmb8unI54nQwHwYDVR0jBBgwFoAU7JcocRAt0BW5RJ8Nwmb8unI54nQwDwYD
        VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEwCgYIKoZI
        zj0EAwIDSAAwRQIgR5x3FygRxY9ijnoasuGwm3nsTT7rogxvFb9BekjFrRoCIQDP
        dcxPFMvJ+Evw/pSzkTt0EldTQxRFjPPHS6PWciA41Q==
        -----END CERTIFICATE-----
        """

    private static let key = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgdpAOBFkHLx1M0szu
        OMysv2TBgdfyLJV+Li1P22h2pkqhRANCAATISpmddk1U2/DFkm4JCqDaRPvEAaFD
        QZ66XEx/2au9Jfrt+PtUtbTYCzH/r4pkhmGUd3SrLFJwKp9Z6juSfTUx
        -----END PRIVATE KEY-----
        """
}
