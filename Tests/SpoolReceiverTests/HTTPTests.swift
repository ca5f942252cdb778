import NIOCore
import SpoolReceiver
import Testing

@Suite("The receiver over HTTP")
struct HTTPTests {
    @Test("accepts each line of a body as a message, even the last one without a line feed, and answers")
    func lines() async throws {
        try await Receiver.run(keeping()) { receiver async throws in
            let sender = try await Sender.connect(to: receiver)
            let body = "1 starts with a digit\n\n{\"two\":2}\nthree"

            try await sender.send(Self.post(body))
            let answer = await sender.answer { $0.contains("received") }

            #expect(answer.hasPrefix("HTTP/1.1 200"))
            #expect(answer.hasSuffix(#"{"received":3}"#))
            #expect(receiver.lines == ["1 starts with a digit", #"{"two":2}"#, "three"])
            #expect(receiver.counts.httpLines == 3 && receiver.counts.empty == 1)
        }
    }

    @Test("accepts several bodies on one connection, in pieces of any size")
    func keepAlive() async throws {
        try await Receiver.run(keeping()) { receiver async throws in
            let sender = try await Sender.connect(to: receiver)
            let text = Self.post("one\ntwo\n") + Self.post("three\n")

            for piece in text.split(whereSeparator: { _ in false }).flatMap({ $0.chunks(of: 7) }) {
                try await sender.send(String(piece))
            }
            let answer = await sender.answer { $0.contains(#"{"received":1}"#) }

            #expect(answer.contains(#"{"received":2}"#))
            #expect(receiver.lines == ["one", "two", "three"])
            #expect(receiver.counts.connectionsOpened == 1)
        }
    }

    @Test(
        "rejects requests without a body of lines",
        arguments: [
            ("GET / HTTP/1.1\r\nHost: x\r\n\r\n", "405"),
            ("POST / HTTP/1.1\r\nHost: x\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc", "415"),
        ]
    )
    func refusals(_ request: String, _ status: String) async throws {
        try await Receiver.run(keeping()) { receiver async throws in
            let sender = try await Sender.connect(to: receiver)

            try await sender.send(request)
            let answer = await sender.answer { $0.contains("error") }

            #expect(answer.hasPrefix("HTTP/1.1 \(status)"))
            #expect(receiver.counts.messages == 0)
        }
    }

    private func keeping() -> ReceiverConfiguration {
        var configuration = ReceiverConfiguration(.http(nil))
        configuration.keepsMessages = true
        return configuration
    }

    private static func post(_ body: String) -> String {
        "POST /any HTTP/1.1\r\nHost: x\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
    }
}

extension Substring {
    fileprivate func chunks(of size: Int) -> [Substring] {
        var rest = self
        var found: [Substring] = []
        while !rest.isEmpty {
            found.append(rest.prefix(size))
            rest = rest.dropFirst(size)
        }
        return found
    }
}
