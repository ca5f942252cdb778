import SpoolCore
import SpoolFormats
import SpoolNetwork
import Testing

@testable import SpoolSinks

@Suite(.timeLimit(.minutes(5)))
struct StreamEndingTests {
    @Test("finish half-closes, waits for the peer's end and settles everything")
    func finish() async throws {
        let peer = try RawPeer()
        let session = try await sink(peer.port).open()
        let connection = try await peer.accept()
        try await session.send(batch(1...1_000), number: 0)

        async let finished: Void = session.finish(timeout: .seconds(30))
        let read = try await connection.readToEnd()
        connection.close()
        await finished

        let story = await Story(of: session)
        #expect(read == bytes(batch(1...1_000)))
        #expect(story.numbers == [0] && story.isFinished && story.fault == nil)
    }

    @Test("batches settled by the grace period are no clean end if the peer never closes")
    func finishByGrace() async throws {
        let peer = try RawPeer()
        let session = try await sink(peer.port, grace: .milliseconds(50)).open()
        let connection = try await peer.accept()
        try await session.send(batch(1...1), number: 0)
        let settled = await firstSettled(1, of: session)

        await session.finish(timeout: .milliseconds(50))

        let story = await Story(of: session)
        #expect(settled.map(\.batch) == [0] && story.numbers.isEmpty && !story.isFinished)
        #expect(story.fault?.isUnclean == true)
        #expect(story.fault?.description.contains("did not close the connection") == true)
        connection.close()
    }

    @Test("finish after settling by the grace period waits for the peer's end, and is clean with it")
    func finishSettled() async throws {
        let peer = try RawPeer()
        let session = try await sink(peer.port, grace: .milliseconds(50)).open()
        let connection = try await peer.accept()
        try await session.send(batch(1...1), number: 0)
        let settled = await firstSettled(1, of: session)

        async let finished: Void = session.finish(timeout: .seconds(3_600))
        let read = try await connection.readToEnd()
        connection.close()
        await finished

        let story = await Story(of: session)
        #expect(settled.map(\.batch) == [0] && read == bytes(batch(1...1)))
        #expect(story.isFinished && story.fault == nil)
    }

    @Test(
        "a reset after the grace period has settled everything is not a clean end, before and during finish"
    )
    func resetAfterGrace() async throws {
        let peer = try RawPeer()
        for finishes in [false, true] {
            let session = try await sink(peer.port, grace: .milliseconds(50)).open()
            let connection = try await peer.accept()
            try await session.send(batch(1...1), number: 0)
            let settled = await firstSettled(1, of: session)

            if finishes {
                async let finished: Void = session.finish(timeout: .seconds(3_600))
                connection.close()
                await finished
            } else {
                connection.close()
            }

            let story = await Story(of: session)
            #expect(settled.map(\.batch) == [0])
            #expect(!story.isFinished && story.fault?.isUnclean == true)
        }
    }

    @Test("a connection that carried data is not closed cleanly by the local side alone")
    func closedHere() async throws {
        let peer = try RawPeer()
        let session = try await sink(peer.port, grace: .milliseconds(50)).open()
        let connection = try await peer.accept()
        try await session.send(batch(1...1), number: 0)
        let settled = await firstSettled(1, of: session)

        await session.close()

        #expect(settled.map(\.batch) == [0])
        #expect(await Story(of: session).fault?.isUnclean == true)
        connection.close()
    }

    @Test("finish stops at its time limit and reports that something stayed unsettled")
    func finishWithoutEnd() async throws {
        let peer = try RawPeer()
        let session = try await sink(peer.port).open()
        let connection = try await peer.accept()
        try await session.send(batch(1...1), number: 0)

        await session.finish(timeout: .milliseconds(50))

        let story = await Story(of: session)
        #expect(story.numbers.isEmpty && !story.isFinished)
        #expect(story.fault?.isUnclean == true)
        connection.close()
    }

    @Test("finish with nothing unsettled ends immediately")
    func finishEmpty() async throws {
        let peer = try RawPeer()
        let session = try await sink(peer.port).open()
        let connection = try await peer.accept()

        await session.finish(timeout: .seconds(3_600))

        #expect(await Story(of: session).isFinished)
        #expect(try await connection.readToEnd().isEmpty)
        connection.close()
    }

    @Test("a peer that resets during finish settles nothing")
    func resetDuringFinish() async throws {
        let peer = try RawPeer()
        let session = try await sink(peer.port).open()
        let connection = try await peer.accept()
        try await session.send(batch(1...1), number: 0)
        try await connection.waitUntilUnread(bytes(batch(1...1)).count)

        async let finished: Void = session.finish(timeout: .seconds(30))
        connection.close()
        await finished

        let story = await Story(of: session)
        #expect(story.numbers.isEmpty && story.fault?.isUnclean == true)
    }

    @Test("a peer that never reads blocks the sender within bounded memory, and close does not hang")
    func neverReads() async throws {
        let peer = try RawPeer(receiveBuffer: 4_096)
        let gate = SendGate()
        let plan = StreamPlan(
            endpoint: Endpoint(host: "127.0.0.1", port: peer.port),
            isTLS: false,
            grace: endlessGrace
        )
        let session = try await StreamConnector(plan: plan).open(LineRenderer(lineFormat), gate: gate)
        let connection = try await peer.accept()
        let lines = batch(1...1_000, message: String(repeating: "m", count: 700))

        let sending = Task {
            var sent = 0
            let fault = await fault { () throws(SinkFault) in
                for number in 0..<1_000 {
                    try await session.send(lines, number: number)
                    sent += 1
                }
            }
            return (sent: sent, fault: fault)
        }
        await gate.waitUntilWaited()
        await session.close()
        await session.close()

        let result = await sending.value
        let story = await Story(of: session)
        // The kernel's send buffer (4 MiB at most by default) and the sender's.
        #expect(result.sent * bytes(lines).count < 16 << 20)
        #expect(result.fault != nil && result.fault == story.fault)
        #expect(story.numbers.isEmpty && story.fault?.isUnclean == true)
        connection.close()
    }

    @Test("sending can be cancelled while the peer does not read")
    func cancelled() async throws {
        let peer = try RawPeer(receiveBuffer: 4_096)
        let gate = SendGate(unsettledLimit: 1)
        let plan = StreamPlan(endpoint: Endpoint(host: "127.0.0.1", port: peer.port), isTLS: false)
        let session = try await StreamConnector(plan: plan).open(LineRenderer(lineFormat), gate: gate)
        let connection = try await peer.accept()
        try await session.send(batch(1...1_000), number: 0)
        let second = Task {
            await fault { () throws(SinkFault) in try await session.send(batch(1...1), number: 1) }
        }
        await gate.waitUntilWaited()

        second.cancel()

        #expect(await second.value?.kind == .unreachable)
        await session.close()
        connection.close()
    }

    static let answers: [([UInt8], SinkFault.Kind, String)] = [
        ([21, 3, 1, 0, 2, 2, 10], .misconfigured, "transport: tls"),
        (Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8), .misconfigured, "web server"),
        (Array("SSH-2.0-OpenSSH_9.2\r\n".utf8), .misconfigured, "SSH server"),
        (Array("who are you?\n".utf8), .unreachable, "sends data, which a syslog receiver does not do"),
    ]

    @Test("a peer that sends data is not a receiver of lines: its end settles nothing", arguments: answers)
    func talks(_ answer: [UInt8], _ kind: SinkFault.Kind, _ words: String) async throws {
        let peer = try RawPeer()
        let session = try await sink(peer.port).open()
        let connection = try await peer.accept()

        try await session.send(batch(1...1), number: 0)
        _ = try await connection.read(bytes(batch(1...1)).count)
        connection.write(answer)
        connection.close()

        let story = await Story(of: session)
        #expect(story.numbers.isEmpty)
        #expect(story.fault?.kind == kind && story.fault?.isUnclean == true)
        #expect(story.fault?.description.contains(words) == true)
    }

    @Test("a closed port is reported as such, with the address")
    func refused() async throws {
        let port = try RawPeer().port

        let fault = await fault { () throws(SinkFault) in _ = try await sink(port).open() }

        #expect(fault?.kind == .unreachable && fault?.isUnclean == false)
        #expect(fault?.description.contains("127.0.0.1:\(port) refuses the connection") == true)
    }

    @Test("a name that does not exist is reported as such")
    func unknownName() async throws {
        let fault = await fault { () throws(SinkFault) in
            _ = try await sink(514, host: "no such host").open()
        }

        #expect(fault?.kind == .unreachable)
        #expect(fault?.description.contains("no such host:514: this name has no address") == true)
    }

    @Test("a session that is dropped closes its connection")
    func dropped() async throws {
        let peer = try RawPeer()
        var session: (any SinkSession)? = try await sink(peer.port).open()
        let connection = try await peer.accept()
        #expect(session != nil)

        session = nil

        #expect(try await connection.readToEnd().isEmpty)
        connection.close()
    }
}
