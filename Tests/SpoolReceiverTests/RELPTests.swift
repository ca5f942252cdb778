import NIOCore
import SpoolReceiver
import Testing

@Suite("The receiver over RELP")
struct RELPTests {
    @Test("acknowledges each message by its number, whatever its content, and closes cleanly")
    func session() async throws {
        try await Receiver.run(keeping()) { receiver async throws in
            let sender = try await Sender.connect(to: receiver)
            let offer = "relp_version=0\ncommands=syslog"

            try await sender.send("1 open \(offer.utf8.count) \(offer)\n")
            try await sender.send("2 syslog 7 one\ntwo\n3 syslog 6 three\n\n4 syslog 0\n5 close 0\n")
            let answer = await sender.answer { $0.hasSuffix("serverclose 0\n") }

            #expect(answer.hasPrefix("1 rsp "))
            #expect(answer.contains("200 OK\nrelp_version=0\n"))
            #expect(
                answer.hasSuffix(
                    "2 rsp 6 200 OK\n3 rsp 6 200 OK\n4 rsp 6 200 OK\n5 rsp 6 200 OK\n0 serverclose 0\n"
                )
            )
            #expect(receiver.lines == ["one\ntwo", "three"])
            #expect(receiver.counts.relpFrames == 2 && receiver.counts.empty == 1)
        }
    }

    @Test("a frame in single bytes is one frame")
    func pieces() async throws {
        try await Receiver.run(keeping()) { receiver async throws in
            let sender = try await Sender.connect(to: receiver)

            for character in "1 open 0\n2 syslog 3 abc\n" { try await sender.send(String(character)) }
            _ = await sender.answer { $0.contains("2 rsp") }

            #expect(receiver.lines == ["abc"])
        }
    }

    @Test(
        "invalid RELP ends the connection without a message",
        arguments: [
            "<13>a syslog line\n", "1 open\n", "1 open 0\n2 syslog 3 abcd\n", "1 open 0\n2 syslog 99999999 a",
        ]
    )
    func nonsense(_ text: String) async throws {
        try await Receiver.run(keeping()) { receiver async throws in
            let sender = try await Sender.connect(to: receiver)

            try await sender.send(text)
            _ = try await sender.ended()
            try await receiver.waitUntil { $0.connectionsClosed == 1 }

            #expect(receiver.counts.messages == 0 && receiver.counts.badCounts == 1)
        }
    }

    @Test("a message before `open` is refused")
    func beforeOpen() async throws {
        try await Receiver.run(keeping()) { receiver async throws in
            let sender = try await Sender.connect(to: receiver)

            try await sender.send("1 syslog 1 a\n")
            let answer = await sender.answer { $0.hasSuffix("\n") }

            #expect(answer.contains(" 500 "))
            #expect(receiver.counts.messages == 0)
        }
    }

    private func keeping() -> ReceiverConfiguration {
        var configuration = ReceiverConfiguration(.relp(nil))
        configuration.keepsMessages = true
        return configuration
    }
}
