import Foundation
import NIOCore
import NIOPosix
import NIOSSL
import SpoolCore
import SpoolNetwork
import SpoolTestSupport
import Testing

@testable import SpoolSinks

/// Posts notifications to a webhook.
struct WebhookSinkTests {
    @Test("a notification is posted as JSON, with the secret in its header, to path and query of the URL")
    func posts() async throws {
        let listener = try HTTPListener()
        let sink = try sink(
            "http://127.0.0.1:\(listener.port)/hooks/spool?key=a%20b",
            [.key("secret", "file:/secret"), .key("secret_header", "X-Webhook-Secret")]
        )
        let session = try await sink.open()

        try await session.send(try NotificationSamples.batch([NotificationSamples.record()]), number: 0)
        await session.finish(timeout: .seconds(1))
        let story = await Story(of: session)
        await session.close()

        let request = try #require(listener.requests.first)
        #expect(request.method == "POST")
        #expect(request.target == "/hooks/spool?key=a%20b")
        #expect(request.headers["x-webhook-secret"] == "s3cret")
        #expect(request.headers["authorization"] == nil)
        #expect(request.headers["user-agent"] == "spool/\(ProgramVersion.number)")
        #expect(request.headers["content-type"] == "application/json")
        let body = try #require(try JSONSerialization.jsonObject(with: request.body) as? [String: String])
        #expect(
            body["text"] == "[CRITICAL] spool on host-1: SIEM agent error: siem: Disconnected for 13h."
        )
        #expect(body["state"] == "raised" && body["code"] == "SIEM agent error" && body["subject"] == "siem")
        #expect(body["severity"] == "critical" && body["host"] == "host-1")
        #expect(body["raised"]?.hasPrefix("2026-11-18T") == true)
        #expect(story.isFinished)
        #expect(story.settled.flatMap(\.runs).map(\.outcome) == [.delivered(.acknowledged)])
        #expect(sink.address == "http://127.0.0.1:\(listener.port)", "the path may be secret")
    }

    @Test("the secret is sent as a bearer token if no header is named")
    func bearer() async throws {
        let listener = try HTTPListener()
        let sink = try sink("http://127.0.0.1:\(listener.port)", [.key("secret", "file:/secret")])
        let session = try await sink.open()

        try await session.send(try NotificationSamples.batch([NotificationSamples.record()]), number: 0)
        await session.close()

        #expect(listener.requests.first?.headers["authorization"] == "Bearer s3cret")
    }

    @Test("a response that a retry may resolve ends the session, and nothing settles")
    func fault() async throws {
        let listener = try HTTPListener()
        listener.answer("503 Service Unavailable")
        let sink = try sink("http://127.0.0.1:\(listener.port)/")
        let session = try await sink.open()

        let thrown = await SpoolSinksTests.fault { () async throws(SinkFault) in
            let records = [NotificationSamples.record()]
            try await session.send((try? NotificationSamples.batch(records)) ?? batch(1...1), number: 0)
        }
        let story = await Story(of: session)
        await session.close()

        #expect(thrown?.kind == .unreachable)
        #expect(thrown?.description.contains("HTTP 503") == true)
        #expect(story.settled.isEmpty && story.fault == thrown)
    }

    @Test(
        "a 2xx settles nothing before the whole response has arrived",
        arguments: [
            "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
            "HTTP/1.1 200 OK\r\nContent-Le",
        ]
    )
    func half(_ answer: String) async throws {
        let listener = try HTTPListener()
        listener.answer(exactly: answer)
        let session = try await sink("http://127.0.0.1:\(listener.port)/").open()
        let batch = try NotificationSamples.batch([NotificationSamples.record()])

        let thrown = await SpoolSinksTests.fault { () async throws(SinkFault) in
            try await session.send(batch, number: 0)
        }
        let story = await Story(of: session)
        await session.close()

        #expect(listener.requests.count == 1)
        #expect(thrown?.kind == .unreachable, "\(thrown as Any)")
        #expect(story.settled.isEmpty && story.fault == thrown)
    }

    @Test("an event that is not a notification is refused, and nothing of it is posted")
    func noContent() async throws {
        let listener = try HTTPListener()
        let session = try await sink("http://127.0.0.1:\(listener.port)/").open()

        try await session.send(batch(1...1), number: 0)
        await session.finish(timeout: .seconds(1))
        let outcomes = await Story(of: session).settled.flatMap(\.runs).map(\.outcome)
        await session.close()

        #expect(outcomes == [.refused(.noNotification)])
        #expect(listener.requests.isEmpty)
    }

    @Test("a closed port is detected before anything is posted")
    func unreachable() async throws {
        let listener = try HTTPListener()
        listener.stop()
        let sink = try sink("http://127.0.0.1:\(listener.port)/")

        let thrown = await SpoolSinksTests.fault { () async throws(SinkFault) in _ = try await sink.open() }

        #expect(thrown?.kind == .unreachable)
        #expect(thrown?.description.contains("refuse") == true, "\(thrown?.description ?? "")")
    }

    @Test("over HTTPS only the authority of `tls.ca_file` is trusted")
    func tls() async throws {
        let folder = try TemporaryFolder()
        let certificates = try await TestCertificates(in: folder)
        let server = try await SecureAnswerer.start(certificates.server)
        let url = "https://localhost:\(server.port)/hook"
        let trusting = try sink(url, [.group("tls", [.key("ca_file", certificates.caFile)])])
        let session = try await trusting.open()

        try await session.send(try NotificationSamples.batch([NotificationSamples.record()]), number: 0)
        await session.finish(timeout: .seconds(1))
        let outcomes = await Story(of: session).settled.flatMap(\.runs).map(\.outcome)
        await session.close()
        let stranger = try sink(url)
        let thrown = await SpoolSinksTests.fault { () async throws(SinkFault) in _ = try await stranger.open()
        }
        try await server.stop()

        #expect(outcomes == [.delivered(.acknowledged)])
        #expect(thrown != nil)
    }

    @Test(
        "each status is interpreted",
        arguments: [
            (200, nil), (204, nil), (299, nil), (429, SinkFault.Kind.throttled(.seconds(7))),
            (500, .unreachable), (503, .unreachable), (408, .unreachable), (301, .misconfigured),
            (401, .misconfigured), (403, .misconfigured), (404, .misconfigured), (410, .misconfigured),
        ]
    )
    func statuses(_ status: Int, _ fault: SinkFault.Kind?) {
        let answer = HTTPAnswer(status: status, headers: ["retry-after": "7"], body: [])

        switch WebhookAnswer(answer, peer: "hook") {
        case .outcome(let outcome): #expect(fault == nil && outcome == .delivered(.acknowledged))
        case .fault(let found): #expect(found.kind == fault)
        }
    }

    @Test("a body that the webhook will never accept is a dead letter", arguments: [400, 413, 422])
    func refusals(_ status: Int) {
        let answer = WebhookAnswer(HTTPAnswer(status: status, headers: [:], body: []), peer: "hook")

        let refusal = Refusal(reason: "rejected", detail: "the webhook answered HTTP \(status)")
        #expect(answer == .outcome(.refused(refusal)))
    }

    private func sink(_ url: String, _ keys: [Line] = []) throws -> WebhookSink {
        let problems = ConfigurationProblems()
        let lines: [Line] = [.key("name", "pager"), .key("type", "webhook"), .key("url", url)] + keys
        let made = Sinks.make(
            from: Line.node(lines, secrets: OneSecret()),
            problems: problems,
            hostName: "host-1"
        )
        #expect(problems.list.isEmpty)
        return try #require(made?.sink as? WebhookSink)
    }
}

/// Resolves one secret.
private struct OneSecret: SecretLookup {
    func resolve(_ reference: String) throws(SecretFault) -> Secret { Secret("s3cret") }
}

/// Answers every request over TLS with 204, once its body should have arrived.
private final class SecureAnswerer: Sendable {
    let port: Int
    private let channel: any Channel

    static func start(_ pair: TestCertificates.Pair) async throws -> SecureAnswerer {
        let context = try NIOSSLContext(
            configuration: .makeServerConfiguration(
                certificateChain: NIOSSLCertificate.fromPEMFile(pair.certFile).map { .certificate($0) },
                privateKey: .privateKey(NIOSSLPrivateKey(file: pair.keyFile, format: .pem))
            )
        )
        let channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: context))
                    try channel.pipeline.syncOperations.addHandler(Handler())
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        guard let port = channel.localAddress?.port else { throw ChannelError.unknownLocalAddress }
        return SecureAnswerer(port: port, channel: channel)
    }

    private init(port: Int, channel: any Channel) { (self.port, self.channel) = (port, channel) }

    func stop() async throws { try await channel.close() }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer
        private var text = ""

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            text += String(buffer: unwrapInboundIn(data))
            guard text.hasSuffix("}") else { return }
            text = ""
            let answer = "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n"
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: answer)), promise: nil)
        }
    }
}
