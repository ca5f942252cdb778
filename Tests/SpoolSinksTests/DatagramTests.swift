import SpoolCore
import SpoolFormats
import SpoolReceiver
import Testing

@testable import SpoolSinks

@Suite(.timeLimit(.minutes(5)))
struct DatagramTests {
    private var format: LineFormat {
        var format = lineFormat
        format.framing = .datagrams
        return format
    }

    @Test("each line is a datagram, settled as sent", arguments: ["127.0.0.1", "::1"])
    func sends(_ host: String) async throws {
        var configuration = ReceiverConfiguration(.udp)
        configuration.host = host
        configuration.keepsMessages = true
        try await Receiver.run(configuration) { receiver in
            let session = try await sink(receiver.port, host: host, .udp, format: format).open()

            try await session.send(batch(1...120), number: 0)
            await session.finish(timeout: .zero)

            let story = await Story(of: session)
            #expect(story.settled.map(\.runs) == [[OutcomeRun(count: 120, outcome: .delivered(.sent))]])
            #expect(story.isFinished)
            try await receiver.waitFor(messages: 120)
            let expected = bytes(batch(1...120)).split(separator: 0x0A)
            #expect(receiver.lines == expected.map { String(decoding: $0, as: UTF8.self) })
        }
    }

    @Test("a line too large for a datagram is refused in its position, the others are sent")
    func tooLarge() async throws {
        var format = format
        format.maxMessageBytes = 1 << 20
        try await Receiver.run(ReceiverConfiguration(.udp)) { receiver in
            let session = try await sink(receiver.port, .udp, format: format).open()
            var events = batch(1...1)
            events.append(event(2, message: String(repeating: "m", count: 70_000)), seq: Seq(2))
            events.append(event(3), seq: Seq(3))

            try await session.send(events, number: 0)
            await session.finish(timeout: .zero)

            let outcomes = await Story(of: session).settled.flatMap(\.runs).map(\.outcome.name)
            #expect(outcomes == ["delivered", "refused", "delivered"])
            try await receiver.waitFor(messages: 2)
        }
    }

    @Test("a closed port ends the session, and the rest is sent again")
    func nobodyListens() async throws {
        let receiver = try await Receiver.start(ReceiverConfiguration(.udp))
        let session = try await sink(receiver.port, .udp, format: format).open()
        await receiver.stop()

        let thrown = await fault { () throws(SinkFault) in
            for number in 0..<1_000 { try await session.send(batch(1...1), number: number) }
        }

        #expect(thrown?.kind == .unreachable && thrown?.isUnclean == false)
        #expect(await Story(of: session).fault == thrown)
    }

    @Test("bursts are limited, and the next one starts after the interval")
    func pace() {
        var pace = Pace(burst: 50, interval: .milliseconds(10))
        let start = ContinuousClock.now

        #expect(pace.take(30, at: start).count == 30)
        #expect(pace.take(30, at: start + .milliseconds(1)).count == 20)
        let waits = pace.take(30, at: start + .milliseconds(9))
        #expect(waits.count == 0 && waits.next == start + .milliseconds(10))
        #expect(pace.take(100, at: start + .milliseconds(10)).count == 50)
    }
}
