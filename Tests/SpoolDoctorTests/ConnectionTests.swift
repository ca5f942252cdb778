import NIOCore
import NIOPosix
import SpoolCore
import SpoolDaemon
import SpoolNetwork
import SpoolReceiver
import SpoolTestSupport
import Testing

@testable import SpoolEngine
@testable import SpoolDoctor

@Suite("the connection to a peer", .timeLimit(.minutes(5)))
struct ConnectionTests {
    @Test("a name without an address is reported before any connection attempt")
    func name() async throws {
        let findings = await examine("siem.invalid", 6514, .tcp)

        #expect(findings.map(\.verdict) == [.problem, .skipped])
        #expect(findings.first?.found == "siem.invalid: this name has no address")
        #expect(findings.first?.remedy == "Check its spelling and the name servers.")
    }

    @Test("a closed port is reported as refused, over TCP and over UDP")
    func refused() async throws {
        let stream = try await Receiver.start()
        await stream.stop()
        let datagrams = try await Receiver.start(ReceiverConfiguration(.udp))
        await datagrams.stop()

        let tcp = await examine("127.0.0.1", stream.port, .tcp)
        let udp = await examine("127.0.0.1", datagrams.port, .udp)

        for findings in [tcp, udp] {
            let problem = try #require(findings.of("SIEM connection"))
            #expect(problem.verdict == .problem)
            #expect(problem.found.contains("refuses the connection"))
            #expect(problem.remedy?.contains("port") == true)
        }
    }

    @Test("a port that does not answer is filtered or overloaded")
    func filtered() async throws {
        let filtered = try FilteredPort()

        let findings = await examine("127.0.0.1", filtered.port, .tcp, timeout: .seconds(1))

        let problem = try #require(findings.of("SIEM connection"))
        #expect(problem.verdict == .problem)
        #expect(problem.found.contains("did not answer in time"))
        #expect(problem.remedy?.contains("firewalls") == true)
    }

    @Test("a receiver of plain lines accepts the probe's empty lines and counts none of them")
    func plain() async throws {
        try await Receiver.run { receiver in
            let findings = await examine("127.0.0.1", receiver.port, .tcp)

            #expect(findings.map(\.check) == ["SIEM name", "SIEM connection", "SIEM protocol"])
            #expect(findings.allSatisfy { $0.verdict == .ok })
        }
    }

    @Test("delivery to a UDP receiver cannot be proved, which is a warning")
    func udp() async throws {
        try await Receiver.run(ReceiverConfiguration(.udp)) { receiver in
            let findings = await examine("127.0.0.1", receiver.port, .udp)

            #expect(findings.last?.verdict == .warning)
            #expect(receiver.counts.messages == 0)
        }
    }

    @Test("a TLS port with a plain sink and a plain port with a TLS sink are distinguished by their reaction")
    func wrongProtocol() async throws {
        let folder = try TemporaryFolder()
        let pair = try await TestCertificates(in: folder).server
        func expectTLS(_ port: Int) async {
            let problems = await examine("127.0.0.1", port, .tcp).problems
            #expect(problems.map(\.check) == ["SIEM protocol"])
            #expect(problems.first?.found.contains("expects TLS, but this sink sends plain lines") == true)
            #expect(problems.first?.remedy?.contains("transport: tls") == true)
        }
        try await Receiver.run(.tls(pair.certFile, pair.keyFile)) { await expectTLS($0.port) }
        try await OpenSSLServer.run(pair) { await expectTLS($0.port) }
        try await Receiver.run { receiver in
            let problems = await examine(
                "127.0.0.1",
                receiver.port,
                .tls(TLSSettings()),
                timeout: .seconds(1)
            )
            .problems
            #expect(problems.map(\.check) == ["SIEM protocol"])
            #expect(problems.first?.found.contains("never answers the handshake") == true)
            #expect(problems.first?.remedy?.contains("transport: tcp") == true)
        }
    }

    @Test("a port for counted messages is distinguished from a TLS port and from one that closes everything")
    func counted() async throws {
        let folder = try TemporaryFolder()
        let pair = try await TestCertificates(in: folder).server
        try await Receiver.run(.tls(pair.certFile, pair.keyFile)) { receiver in
            let problems = await examine("127.0.0.1", receiver.port, .tcp, lines: .counted).problems
            #expect(problems.map(\.check) == ["SIEM protocol"])
            #expect(problems.first?.found.contains("expects TLS, but this sink sends plain lines") == true)
        }
        try await Receiver.run { receiver in
            let findings = await examine("127.0.0.1", receiver.port, .tcp, lines: .counted)
            #expect(findings.problems == [])
            #expect(findings.of("SIEM protocol")?.verdict == .ok)
        }
        let closing = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .childChannelInitializer { $0.close() }
            .bind(host: "127.0.0.1", port: 0).get()
        let port = try #require(closing.localAddress?.port)
        let problems = await examine("127.0.0.1", port, .tcp, lines: .counted).problems
        #expect(problems.map(\.check) == ["SIEM protocol"])
        let found = try #require(problems.first?.found)
        #expect(found.contains("accepts the connection and closes it again"))
        try await closing.close()
    }

    @Test("a portal that refuses gets the portal's settings as remedy, not the receiver's")
    func refusedPortal() async throws {
        let gone = try await Receiver.start()
        await gone.stop()

        let portal = await examine("127.0.0.1", gone.port, .tcp, role: .portal).problems.first
        let login = await examine("127.0.0.1", gone.port, .tcp, role: .login).problems.first

        #expect(portal?.remedy?.contains("`url`") == true && portal?.remedy?.contains("receiver") == false)
        #expect(login?.remedy?.contains("`auth.authority`") == true)
    }

    @Test("a sink without a network is opened: a missing journal is a problem")
    func journal() async throws {
        let folder = try TemporaryFolder()
        let socket = folder.path("journal")
        let sink = try journalSink(socket, in: folder)

        let missing = await LocalExamination(sink: sink).run()
        let journal = try DatagramReceiver(path: socket)
        let there = await LocalExamination(sink: sink).run()

        #expect(missing.verdict == .problem)
        #expect(missing.found.contains("the journal at \(socket) cannot be reached"))
        #expect(there.verdict == .ok)
        #expect(throws: (any Error).self) { try journal.receive() }
    }

    private func journalSink(_ socket: String, in folder: TemporaryFolder) throws -> any Sink {
        let text = """
            spool: { path: \(folder.path("spool.db")) }
            sources:
              - name: c
                type: defender-cloud-apps
                url: http://127.0.0.1:1
                auth: { token: "${TOKEN}" }
                streams: { activities: {}, alerts: {} }
            sinks:
              - { name: journal, type: journald, socket: \(socket) }
            """
        let path = try folder.write(text, to: "spool.yaml")
        let composition = try Composition.read(
            path: path,
            environment: ["TOKEN": String(repeating: "a", count: 64)],
            hostName: "host"
        )
        return try #require(composition.allSinks.first)
    }

    @Test("a proxy that requires credentials, rejects them or opens no tunnel is distinguished")
    func proxies() async throws {
        try await Receiver.run { receiver in
            func problem(_ behaviour: ConnectProxy.Behaviour, _ credentials: String = "") async throws
                -> Finding?
            {
                let proxy = try await ConnectProxy.start(behaviour)
                let address = try ProxyAddress("http://\(credentials)127.0.0.1:\(proxy.port)")
                let findings = await examine(
                    "127.0.0.1",
                    receiver.port,
                    .tcp,
                    proxy: address,
                    timeout: .seconds(1)
                )
                try await proxy.stop()
                return findings.problems.first
            }

            #expect(try await problem(.open) == nil)
            // `me:p@ss:w/rd`
            #expect(try await problem(.wants("Basic bWU6cEBzczp3L3Jk"), "me:p%40ss:w%2Frd@") == nil)
            let none = try #require(try await problem(.wants("Basic x")))
            #expect(none.found == "Invalid proxy address: the proxy requires credentials (407)")
            let other = try #require(try await problem(.wants("Basic x"), "me:no@"))
            #expect(other.found == "Invalid proxy address: the proxy rejected the credentials (407)")
            #expect(!"\(other)".contains("me:no"))
            let closed = try #require(try await problem(.refuse(status: "403 Forbidden")))
            #expect(closed.found == "Invalid proxy address: the proxy does not open the tunnel")
            let silent = try #require(try await problem(.silent))
            #expect(silent.found == "Invalid proxy address: the proxy does not answer")
        }
    }
}
