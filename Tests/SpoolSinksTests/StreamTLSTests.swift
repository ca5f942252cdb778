import SpoolCore
import SpoolFormats
import SpoolNetwork
import SpoolReceiver
import SpoolTestSupport
import Testing

@testable import SpoolSinks

@Suite(.timeLimit(.minutes(5)))
struct StreamTLSTests {
    private let folder: TemporaryFolder
    private let certificates: TestCertificates

    init() async throws {
        folder = try TemporaryFolder()
        certificates = try await TestCertificates(in: folder)
    }

    private func receiver(_ pair: TestCertificates.Pair, clients: String? = nil) -> ReceiverConfiguration {
        var configuration = ReceiverConfiguration(
            .tls(
                ReceiverTLS(
                    certificateFile: pair.certFile,
                    keyFile: pair.keyFile,
                    clientAuthorityFile: clients
                )
            )
        )
        configuration.keepsMessages = true
        return configuration
    }

    private var trusting: TLSSettings { TLSSettings(caFile: certificates.caFile) }

    @Test("lines arrive over TLS and settle with the peer's end", arguments: ["localhost", "127.0.0.1"])
    func finish(_ host: String) async throws {
        try await Receiver.run(receiver(certificates.server)) { receiver in
            let session = try await sink(receiver.port, host: host, .tls, tls: trusting).open()

            for number in 0..<20 { try await session.send(batch(1...500), number: number) }
            await session.finish(timeout: .seconds(30))

            let story = await Story(of: session)
            #expect(story.numbers == Array(0..<20) && story.isFinished)
            try await receiver.waitFor(messages: 10_000)
            let sent = bytes(batch(1...500)).split(separator: 0x0A).map {
                String(decoding: $0, as: UTF8.self)
            }
            #expect(Array(receiver.lines.prefix(500)) == sent)
        }
    }

    @Test(
        "a connection that carried nothing ends with close_notify: a receiver logs anything else as an error"
    )
    func finishesUnused() async throws {
        try await Receiver.run(receiver(certificates.server)) { receiver in
            let session = try await sink(receiver.port, host: "localhost", .tls, tls: trusting).open()

            await session.finish(timeout: .seconds(30))

            try await receiver.waitUntil { $0.connectionsClosed == 1 }
            #expect(receiver.connections.map(\.end) == [.byPeer])
        }
    }

    @Test("a TLS connection that lasts for the grace period settles")
    func grace() async throws {
        try await Receiver.run(receiver(certificates.server)) { receiver in
            let session = try await sink(
                receiver.port,
                host: "localhost",
                .tls,
                tls: trusting,
                grace: .milliseconds(50)
            ).open()

            try await session.send(batch(1...3), number: 0)

            #expect(await firstSettled(1, of: session).map(\.batch) == [0])
            await session.close()
        }
    }

    @Test("a receiver that closes TLS cleanly after reading settles what it read")
    func peerCloses() async throws {
        var configuration = receiver(certificates.server)
        configuration.ending = .close(afterMessages: 3)
        try await Receiver.run(configuration) { receiver in
            let session = try await sink(receiver.port, host: "localhost", .tls, tls: trusting).open()

            try await session.send(batch(1...3), number: 0)

            let story = await Story(of: session)
            #expect(story.numbers == [0])
            #expect(story.fault?.isUnclean == false)
        }
    }

    /// `openssl s_server` closes TLS and TCP together when its input ends, as most receivers do.
    @Test("a receiver that does not wait for the sender's close_notify still settles what it read")
    func peerClosesAtOnce() async throws {
        try await OpenSSLServer.run(certificates.server, ["-naccept", "1"]) { server in
            let session = try await sink(server.port, host: "localhost", .tls, tls: trusting).open()

            try await session.send(batch(1...3), number: 0)
            try await server.waitFor("externalId=id-3 ")
            try await server.close()

            let story = await Story(of: session)
            #expect(story.numbers == [0])
            #expect(story.fault?.isUnclean == false)
        }
    }

    @Test("a receiver that resets TLS settles nothing")
    func peerResets() async throws {
        var configuration = receiver(certificates.server)
        configuration.ending = .reset(afterBytes: 100)
        try await Receiver.run(configuration) { receiver in
            let session = try await sink(receiver.port, host: "localhost", .tls, tls: trusting).open()

            try await session.send(batch(1...3), number: 0)

            let story = await Story(of: session)
            #expect(story.numbers.isEmpty && story.fault?.isUnclean == true)
            #expect(story.fault?.kind == .unreachable)
        }
    }

    @Test(
        "an untrusted certificate holds the sink, with the reason",
        arguments: [
            ("stranger", "not trusted"), ("expired", "not trusted"), ("wrongHost", "another name"),
        ]
    )
    func badCertificate(_ which: String, _ words: String) async throws {
        let pair =
            switch which {
            case "stranger": certificates.stranger
            case "expired": certificates.expired
            default: certificates.wrongHost
            }
        try await Receiver.run(receiver(pair)) { receiver in
            let fault = await fault { () throws(SinkFault) in
                _ = try await sink(receiver.port, host: "localhost", .tls, tls: trusting).open()
            }

            #expect(fault?.kind == .misconfigured)
            #expect(fault?.description.contains(words) == true)
            #expect(
                fault?.description.contains("boringssl") == false
                    && fault?.description.contains(".cc") == false
            )
        }
    }

    @Test("an authority that is not configured is not trusted")
    func unknownAuthority() async throws {
        try await Receiver.run(receiver(certificates.server)) { receiver in
            let fault = await fault { () throws(SinkFault) in
                _ = try await sink(receiver.port, host: "localhost", .tls).open()
            }

            #expect(fault?.kind == .misconfigured)
            #expect(fault?.description.contains("tls.ca_file") == true)
        }
    }

    @Test("a receiver that requires the client certificate receives it")
    func clientCertificate() async throws {
        let configuration = receiver(certificates.server, clients: certificates.caFile)
        try await Receiver.run(configuration) { receiver in
            let tls = TLSSettings(
                caFile: certificates.caFile,
                certFile: certificates.client.certFile,
                keyFile: certificates.client.keyFile
            )
            let session = try await sink(receiver.port, host: "localhost", .tls, tls: tls).open()

            try await session.send(batch(1...3), number: 0)
            await session.finish(timeout: .seconds(30))

            #expect(await Story(of: session).numbers == [0])
        }
    }

    @Test("a receiver that requires a missing client certificate holds the sink, and nothing settles")
    func missingClientCertificate() async throws {
        let configuration = receiver(certificates.server, clients: certificates.caFile)
        try await Receiver.run(configuration) { receiver in
            // In TLS 1.3 the rejection arrives after the client's handshake is complete (RFC 8446 §4.4.2.4).
            let session = try await sink(receiver.port, host: "localhost", .tls, tls: trusting).open()

            _ = await fault { () throws(SinkFault) in try await session.send(batch(1...3), number: 0) }

            let story = await Story(of: session)
            #expect(story.numbers.isEmpty)
            #expect(story.fault?.kind == .misconfigured)
            #expect(story.fault?.description.contains("tls.cert_file") == true)
        }
    }

    @Test("a peer that answers TLS with plain text is reported as such")
    func plainPeer() async throws {
        let peer = try RawPeer()
        async let opening = fault { () throws(SinkFault) in
            _ = try await sink(peer.port, .tls, tls: trusting).open()
        }
        let connection = try await peer.accept()

        connection.write(Array("220 mail.example ESMTP ready\r\n".utf8))

        let fault = await opening
        #expect(fault?.kind == .misconfigured)
        #expect(fault?.description.contains("does not use TLS") == true)
        connection.close()
    }

    @Test("a peer that sends nothing is abandoned after the connect timeout, with the likely reason")
    func silentPeer() async throws {
        let peer = try RawPeer()
        let plan = StreamPlan(
            endpoint: Endpoint(host: "127.0.0.1", port: peer.port),
            isTLS: true,
            connectTimeout: .milliseconds(50)
        )

        let fault = await fault { () throws(SinkFault) in
            _ = try await StreamConnector(plan: plan).open(LineRenderer(lineFormat))
        }

        #expect(fault?.kind == .unreachable)
        #expect(fault?.description.contains("does not answer the TLS handshake") == true)
    }
}
