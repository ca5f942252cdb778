import NIOCore
import NIOPosix
import SpoolReceiver
import Synchronization
import Testing

@Suite("The receiver")
struct ReceiverTests {
    @Test("counts messages of either framing on many connections")
    func counts() async throws {
        try await Receiver.run { receiver async throws in
            let first = try await Sender.connect(to: receiver)
            let second = try await Sender.connect(to: receiver)

            try await first.send("<13>one\n<13>two\n\n")
            try await second.send("5 three4 four")
            try await receiver.waitFor(messages: 4)
            try await first.send("<13>unfinished")
            try await receiver.waitUntil { $0.bytesRead == 44 }
            try await first.close()
            try await second.close()
            try await receiver.waitUntil { $0.connectionsClosed == 2 }

            let counts = receiver.counts
            #expect(counts.messages == 4 && counts.lines == 2 && counts.octetCounted == 2)
            #expect(counts.bytes == 14 + 9)
            #expect(counts.empty == 1 && counts.unfinished == 1)
            #expect(receiver.connections.map(\.end) == [.byPeer, .byPeer])
            #expect(receiver.connections.map(\.messages).sorted() == [2, 2])
            #expect(receiver.messages.isEmpty)
        }
    }

    @Test("counts how often each id was received")
    func ids() async throws {
        var configuration = ReceiverConfiguration()
        configuration.keepsIDs = true
        try await Receiver.run(configuration) { receiver async throws in
            let sender = try await Sender.connect(to: receiver)
            let lines = ["a", "b", "a", "c", "a"].map { "CEF:0|v|p|1|c|n|0|externalId=\($0) rt=1\n" }

            try await sender.send(lines.joined() + "no id\n")
            try await receiver.waitFor(ids: 3)
            try await receiver.waitFor(messages: 6)

            #expect(receiver.ids == ["a": 3, "b": 1, "c": 1])
            #expect(receiver.counts.duplicates == 2 && receiver.counts.withoutID == 1)
        }
    }

    @Test("keeps messages in order and calls the handler for each")
    func messages() async throws {
        let seen = Mutex<[String]>([])
        var configuration = ReceiverConfiguration()
        configuration.keepsMessages = true
        configuration.onMessage = { message in seen.withLock { $0.append(message.text) } }
        try await Receiver.run(configuration) { receiver async throws in
            let sender = try await Sender.connect(to: receiver)
            let lines = (0..<500).map { "<13>line \($0) ü" }

            try await sender.send(lines.map { $0 + "\n" }.joined())
            try await sender.close()
            try await receiver.waitUntil { $0.connectionsClosed == 1 }

            #expect(receiver.lines == lines)
            #expect(seen.withLock { $0 } == lines)
            receiver.forget()
            #expect(receiver.lines.isEmpty && receiver.counts.messages == 500)
        }
    }

    @Test("resets a connection after a number of bytes, and later ones are lost")
    func reset() async throws {
        var configuration = ReceiverConfiguration()
        configuration.ending = .reset(afterBytes: 10)
        try await Receiver.run(configuration) { receiver async throws in
            let sender = try await Sender.connect(to: receiver)

            sender.start(ByteBuffer(repeating: UInt8(ascii: "\n"), count: 100_000))

            #expect(try await sender.ended() == .reset)
            try await receiver.waitUntil { $0.connectionsClosed == 1 }
            #expect(receiver.counts.bytesRead == 10)
            #expect(receiver.connections.first?.end == .reset)
            receiver.setEnding(.byPeer)
            let next = try await Sender.connect(to: receiver)
            try await next.send("<13>fine again\n")
            try await receiver.waitFor(messages: 1)
        }
    }

    @Test("closes a connection cleanly after a number of messages")
    func close() async throws {
        var configuration = ReceiverConfiguration()
        configuration.ending = .close(afterMessages: 3)
        try await Receiver.run(configuration) { receiver async throws in
            let sender = try await Sender.connect(to: receiver)

            try await sender.send("<13>1\n<13>2\n<13>3\n")

            #expect(try await sender.ended() == .closed)
            try await receiver.waitUntil { $0.connectionsClosed == 1 }
            #expect(receiver.counts.messages == 3)
            #expect(receiver.connections.first?.end == .closed)
        }
    }

    @Test("accepts connections without reading until reading is enabled, and then reads everything")
    func stalled() async throws {
        var configuration = ReceiverConfiguration()
        configuration.isReading = false
        configuration.receiveBuffer = 4096
        try await Receiver.run(configuration) { receiver async throws in
            let sender = try await Sender.connect(to: receiver)

            sender.start(ByteBuffer(string: String(repeating: "<13>something\n", count: 100_000)))
            try await receiver.waitUntil { $0.connectionsOpened == 1 }
            #expect(receiver.counts.bytesRead == 0)
            receiver.setReading(true)

            try await receiver.waitFor(messages: 100_000)
        }
    }

    @Test("closes with all connections and restarts on the same port")
    func outage() async throws {
        try await Receiver.run { receiver async throws in
            let sender = try await Sender.connect(to: receiver)
            try await sender.send("<13>before\n")
            try await receiver.waitFor(messages: 1)

            await receiver.stop()
            #expect(try await sender.ended() == .closed)
            await #expect(throws: (any Error).self) { try await Sender.connect(to: receiver) }
            try await receiver.restart()
            let next = try await Sender.connect(to: receiver)
            try await next.send("<13>after\n")

            try await receiver.waitFor(messages: 2)
            #expect(receiver.counts.connectionsOpened == 2 && receiver.counts.connectionsClosed == 1)
        }
    }

    @Test("resets connections with unread data when it stops")
    func outageWithUnreadData() async throws {
        var configuration = ReceiverConfiguration()
        configuration.isReading = false
        try await Receiver.run(configuration) { receiver async throws in
            let sender = try await Sender.connect(to: receiver)
            try await receiver.waitUntil { $0.connectionsOpened == 1 }
            try await sender.send("<13>never read\n")

            await receiver.stop()

            #expect(try await sender.ended() == .reset)
            #expect(receiver.counts.messages == 0)
        }
    }

    @Test("listens on IPv6")
    func ipv6() async throws {
        var configuration = ReceiverConfiguration()
        configuration.host = "::1"
        try await Receiver.run(configuration) { receiver async throws in
            let sender = try await Sender.connect(to: receiver, host: "::1")

            try await sender.send("<13>six\n")

            try await receiver.waitFor(messages: 1)
        }
    }

    @Test("accepts each datagram as one message")
    func datagrams() async throws {
        var configuration = ReceiverConfiguration(.udp)
        configuration.keepsMessages = true
        try await Receiver.run(configuration) { receiver async throws in
            let large = String(repeating: "x", count: 60_000)
            let channel = try await DatagramBootstrap(group: .singletonMultiThreadedEventLoopGroup)
                .connect(host: "127.0.0.1", port: receiver.port).get()

            for text in ["<13>one\n", "12 <13>two\nlines", large] {
                try await channel.writeAndFlush(ByteBuffer(string: text))
            }
            try await receiver.waitFor(messages: 3)

            #expect(receiver.counts.datagrams == 3)
            #expect(Set(receiver.lines) == ["<13>one", "12 <13>two\nlines", large])
            try await channel.close()
        }
    }

    @Test("distinguishes the senders of datagrams like connections")
    func datagramSenders() async throws {
        let (messages, told) = AsyncStream.makeStream(of: ReceivedMessage.self)
        var configuration = ReceiverConfiguration(.udp)
        configuration.onMessage = { told.yield($0) }
        try await Receiver.run(configuration) { receiver async throws in
            let bootstrap = DatagramBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            let first = try await bootstrap.connect(host: "127.0.0.1", port: receiver.port).get()
            let second = try await bootstrap.connect(host: "127.0.0.1", port: receiver.port).get()

            for (number, sender) in [first, second, second, first].enumerated() {
                try await sender.writeAndFlush(ByteBuffer(string: "<13>\(number)"))
                try await receiver.waitFor(messages: number + 1)
            }

            var senders: [Int] = []
            for await message in messages.prefix(4) { senders.append(message.connection) }
            #expect(senders == [1, 2, 2, 1])
            try await first.close()
            try await second.close()
        }
    }

    @Test("resumes cancelled waiting tasks")
    func cancelledWait() async throws {
        try await Receiver.run { receiver async throws in
            let waiting = Task { try await receiver.waitFor(messages: 1) }
            waiting.cancel()

            await #expect(throws: CancellationError.self) { try await waiting.value }
        }
    }
}
