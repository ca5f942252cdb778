import Dispatch
import NIOCore
import SpoolReceiver
import Synchronization
import Testing

@Suite("A receiver that passes messages to a handler one by one")
struct TakingTests {
    private struct Full: Error {}

    /// Accepts this many messages, and refuses the rest.
    private static func configuration(
        _ transport: ReceiverConfiguration.Transport,
        taking limit: Int
    ) -> ReceiverConfiguration {
        let taken = Mutex(0)
        var configuration = ReceiverConfiguration(transport)
        configuration.keepsMessages = true
        configuration.onMessage = { _ in
            try taken.withLock { taken in
                guard taken < limit else { throw Full() }
                taken += 1
            }
        }
        return configuration
    }

    @Test("HTTP: each of several pipelined requests is answered after its own lines were printed")
    func pipelined() async throws {
        let count = 50
        try await Receiver.run(Self.configuration(.http(nil), taking: count)) { receiver async throws in
            let sender = try await Sender.connect(to: receiver)
            let request = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nline\n"
            let received = { (text: String) in text.matches(of: #/{"received":(\d+)}/#).map { $0.1 } }

            try await sender.send(String(repeating: request, count: count))
            let answer = await sender.answer { received($0).count >= count }

            #expect(received(answer) == Array(repeating: "1", count: count))
            #expect(receiver.lines.count == count)
        }
    }

    @Test("RELP: accepted messages are acknowledged, refused ones are not, and the connection ends")
    func relp() async throws {
        try await Receiver.run(Self.configuration(.relp(nil), taking: 2)) { receiver async throws in
            let sender = try await Sender.connect(to: receiver)

            try await sender.send(
                "1 open 0\n2 syslog 1 a\n3 syslog 1 b\n4 syslog 1 c\n5 syslog 1 d\n6 close 0\n"
            )
            let answer = await sender.answer { $0.contains("3 rsp") }
            _ = try await sender.ended()

            #expect(answer.hasSuffix("2 rsp 6 200 OK\n3 rsp 6 200 OK\n"), "\(answer)")
            #expect(receiver.lines == ["a", "b"])
            #expect(receiver.counts.messages == 2)
        }
    }

    @Test("HTTP: a body with a refused line is answered with 503, and the connection ends")
    func http() async throws {
        try await Receiver.run(Self.configuration(.http(nil), taking: 3)) { receiver async throws in
            let sender = try await Sender.connect(to: receiver)
            let post = { (body: String) in
                "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
            }

            try await sender.send(post("one\ntwo\n") + post("three\nfour"))
            let answer = await sender.answer { $0.contains("error") }
            _ = try await sender.ended()

            #expect(answer.hasPrefix("HTTP/1.1 200") && answer.contains(#"{"received":2}"#), "\(answer)")
            #expect(answer.contains("HTTP/1.1 503"), "\(answer)")
            #expect(receiver.lines == ["one", "two", "three"])
        }
    }

    @Test("lines over TCP: the connection ends when a line is refused")
    func lines() async throws {
        try await Receiver.run(Self.configuration(.tcp, taking: 1)) { receiver async throws in
            let sender = try await Sender.connect(to: receiver)

            try await sender.send("one\ntwo\n")
            _ = try await sender.ended()

            #expect(receiver.lines == ["one"])
        }
    }

    @Test(
        "while a message is being handled nothing more is read, and other connections are served"
    )
    func backpressure() async throws {
        let gate = DispatchSemaphore(value: 0)
        let begun = AsyncStream<Void>.makeStream()
        var configuration = ReceiverConfiguration(.relp(nil))
        configuration.receiveBuffer = 16 << 10
        configuration.onMessage = { _ in
            begun.continuation.yield()
            gate.wait()
        }
        let receiver = try await Receiver.start(configuration)
        let sender = try await Sender.connect(to: receiver)
        let frame = "syslog 1000 " + String(repeating: "x", count: 1_000) + "\n"
        try await sender.send("1 open 0\n")
        _ = await sender.answer { $0.contains("1 rsp") }

        // Far more than any kernel buffer holds: the write does not end.
        sender.start(ByteBuffer(string: (2..<40_000).map { "\($0) \(frame)" }.joined()))
        for await _ in begun.stream { break }
        let other = try await Sender.connect(to: receiver)
        try await other.send("1 open 0\n")
        let answer = await other.answer { $0.contains("1 rsp") }
        let counts = receiver.counts
        for _ in 0..<40_000 { gate.signal() }
        await receiver.stop()

        #expect(answer.contains("200 OK"))
        #expect(counts.messages == 0 && counts.bytesRead < 1 << 20)
    }
}
