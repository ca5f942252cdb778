import SpoolCore
import SpoolFormats
import SpoolNetwork
import SpoolReceiver
import SpoolTestSupport
import Testing

@testable import SpoolSinks

@Suite(.timeLimit(.minutes(5)))
struct StreamSettlingTests {
    @Test("lines arrive byte for byte, in order, with a line feed after each")
    func lines() async throws {
        let peer = try RawPeer()
        let session = try await sink(peer.port).open()
        let connection = try await peer.accept()

        try await session.send(batch(1...3), number: 0)
        try await session.send(batch(4...5), number: 1)

        let expected = bytes(batch(1...5))
        #expect(try await connection.read(expected.count) == expected)
        #expect(expected.filter { $0 == 0x0A }.count == 5)
        connection.close()
    }

    @Test("octet-counted lines are understood by a receiver that detects framing")
    func octets() async throws {
        var configuration = ReceiverConfiguration()
        configuration.keepsMessages = true
        var format = lineFormat
        format.framing = .octetCounting
        try await Receiver.run(configuration) { receiver in
            let session = try await sink(receiver.port, format: format).open()

            try await session.send(batch(1...3, message: "one\ntwo"), number: 0)
            await session.finish(timeout: .seconds(30))

            try await receiver.waitFor(messages: 3)
            #expect(receiver.counts.octetCounted == 3)
            let expected = bytes(batch(1...3, message: "one\ntwo")).split(separator: 0x0A)
            #expect(receiver.lines == expected.map { String(decoding: $0, as: UTF8.self) })
        }
    }

    @Test("a connection that lasts for the grace period settles what the kernel acknowledged")
    func grace() async throws {
        let peer = try RawPeer()
        let session = try await sink(peer.port, grace: .milliseconds(50)).open()
        let connection = try await peer.accept()

        try await session.send(batch(1...3), number: 0)
        try await session.send(batch(4...4), number: 1)
        let settled = await firstSettled(2, of: session)

        #expect(settled.map(\.batch) == [0, 1])
        #expect(settled[0].runs == [OutcomeRun(count: 3, outcome: .delivered(.kernel))])
        #expect(settled[0].bytes == bytes(batch(1...3)).count)
        await session.close()
        connection.close()
    }

    @Test("a peer that read everything and closes settles it immediately")
    func closesAfterReading() async throws {
        let peer = try RawPeer()
        let session = try await sink(peer.port).open()
        let connection = try await peer.accept()

        try await session.send(batch(1...3), number: 0)
        _ = try await connection.read(bytes(batch(1...3)).count)
        connection.close()

        let story = await Story(of: session)
        #expect(story.numbers == [0])
        #expect(story.fault?.kind == .unreachable && story.fault?.isUnclean == false)
    }

    @Test(
        "a peer that closes with unread data settles nothing, although its kernel had acknowledged everything"
    )
    func closesUnread() async throws {
        let peer = try RawPeer()
        let session = try await sink(peer.port).open()
        let connection = try await peer.accept()

        try await session.send(batch(1...3), number: 0)
        try await connection.waitUntilUnread(bytes(batch(1...3)).count)
        connection.close()

        let story = await Story(of: session)
        #expect(story.numbers.isEmpty)
        #expect(story.fault?.isUnclean == true)
    }

    @Test("a peer that closes its direction and then closes with unread data settles nothing")
    func endsThenCloses() async throws {
        let peer = try RawPeer()
        var plan = StreamPlan(endpoint: Endpoint(host: "127.0.0.1", port: peer.port), isTLS: false)
        plan.grace = endlessGrace
        plan.endConfirmation = .seconds(30)
        let session = try await StreamConnector(plan: plan).open(LineRenderer(lineFormat))
        let connection = try await peer.accept()

        try await session.send(batch(1...3), number: 0)
        try await connection.waitUntilUnread(bytes(batch(1...3)).count)
        connection.endOutput()
        connection.close()

        let story = await Story(of: session)
        #expect(story.numbers.isEmpty)
        #expect(story.fault?.isUnclean == true)
    }

    @Test("after the end, sending throws the fault that the settlements reported")
    func sendAfterEnd() async throws {
        let peer = try RawPeer()
        let session = try await sink(peer.port).open()
        let connection = try await peer.accept()
        try await session.send(batch(1...1), number: 0)
        try await connection.waitUntilUnread(1)
        connection.close()

        let story = await Story(of: session)
        let thrown = await fault { () throws(SinkFault) in try await session.send(batch(2...2), number: 1) }

        #expect(thrown != nil && thrown == story.fault)
    }

    @Test("a peer that closes its own direction but keeps reading still settles what it reads")
    func halfClosedPeer() async throws {
        let peer = try RawPeer()
        let session = try await sink(peer.port).open()
        let connection = try await peer.accept()
        let lines = batch(1...20_000)

        try await session.send(lines, number: 0)
        _ = try await connection.read(1)
        connection.endOutput()
        let rest = try await connection.read(bytes(lines).count - 1)

        let story = await Story(of: session)
        #expect(rest.count == bytes(lines).count - 1)
        #expect(story.numbers == [0])
        connection.close()
    }

    @Test("bytes far enough back to have been read settle without a grace period and without an end")
    func distance() async throws {
        try await Receiver.run { receiver in
            let lines = batch(1...250)
            let plan = StreamPlan(
                endpoint: Endpoint(host: "127.0.0.1", port: receiver.port),
                isTLS: false,
                grace: endlessGrace,
                readAhead: 3 * bytes(lines).count
            )
            let session = try await StreamConnector(plan: plan).open(LineRenderer(lineFormat))

            for number in 0..<4 { try await session.send(lines, number: number) }
            let settled = await firstSettled(1, of: session)

            #expect(settled.map(\.batch) == [0])
            await session.close()
        }
    }

    @Test("events that fit no line are refused in their positions, the others are delivered")
    func tooLarge() async throws {
        let peer = try RawPeer()
        var format = lineFormat
        format.maxMessageBytes = 1_024
        let session = try await sink(peer.port, format: format, grace: .milliseconds(20)).open()
        let connection = try await peer.accept()
        var events = EventBatch(stream: StreamID(1))
        for number in 1...4 {
            var event = event(number)
            if number == 2 || number == 3 { event.externalID = String(repeating: "9", count: 2_000) }
            events.append(event, seq: Seq(Int64(number)))
        }

        try await session.send(events, number: 0)
        let settled = await firstSettled(1, of: session)

        #expect(settled.first?.runs.map(\.count) == [1, 2, 1])
        #expect(settled.first?.runs.map(\.outcome.name) == ["delivered", "refused", "delivered"])
        await session.close()
        connection.close()
    }
}
