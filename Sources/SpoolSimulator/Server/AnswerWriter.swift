import NIOCore
import NIOHTTP1
import NIOPosix

/// Sends one answer, in whichever bad way it is to be sent.
struct AnswerWriter {
    let answer: Answer
    let channel: any Channel
    let outbound: NIOAsyncChannelOutboundWriter<HTTPServerResponsePart>
    /// The value of the `Date` header.
    let date: String

    /// Returns false if the connection is to be closed.
    func write(keepsAlive: Bool) async throws -> Bool {
        if answer.delaySeconds > 0 { try await Task.sleep(for: .seconds(answer.delaySeconds)) }
        switch answer.delivery {
        case .hangUp:
            return false
        case .whole:
            try await outbound.write(contentsOf: [
                .head(head(length: answer.body.readableBytes)), .body(.byteBuffer(answer.body)),
            ])
            try await outbound.write(.end(nil))
            return keepsAlive
        case .stall(let seconds):
            let (first, second) = halves
            try await outbound.write(contentsOf: [
                .head(head(length: answer.body.readableBytes)), .body(.byteBuffer(first)),
            ])
            try await Task.sleep(for: .seconds(seconds))
            try await outbound.write(contentsOf: [.body(.byteBuffer(second)), .end(nil)])
            return keepsAlive
        case .reset:
            try await writeHalf(head(length: answer.body.readableBytes))
            try await resetConnection()
            return false
        case .truncated(let how):
            try await writeTruncated(how)
            return false
        }
    }

    private func writeTruncated(_ how: Fault.Truncation) async throws {
        switch how {
        case .declared:
            try await writeHalf(head(length: answer.body.readableBytes))
        case .chunked:
            try await writeHalf(head(length: nil))
        case .unmarked:
            // An answer of HTTP/1.0 without length ends with its connection.
            var head = head(length: nil)
            head.version = .http1_0
            try await writeHalf(head)
        case .consistent:
            var head = head(length: halves.first.readableBytes)
            head.headers.replaceOrAdd(name: "Connection", value: "close")
            try await writeHalf(head)
            try await outbound.write(.end(nil))
        }
    }

    private func writeHalf(_ head: HTTPResponseHead) async throws {
        try await outbound.write(contentsOf: [.head(head), .body(.byteBuffer(halves.first))])
    }

    /// Closing with a linger time of zero makes the kernel send RST instead of FIN (`socket(7)`).
    private func resetConnection() async throws {
        if let socket = channel as? any SocketOptionProvider {
            try await socket.setSoLinger(linger(l_onoff: 1, l_linger: 0)).get()
        }
        try await channel.close()
    }

    private var halves: (first: ByteBuffer, second: ByteBuffer) {
        var rest = answer.body
        let first = rest.readSlice(length: rest.readableBytes / 2) ?? ByteBuffer()
        return (first, rest)
    }

    private func head(length: Int?) -> HTTPResponseHead {
        var headers = HTTPHeaders([("Date", date), ("Content-Type", answer.contentType)])
        headers.add(contentsOf: answer.headers)
        if let length { headers.add(name: "Content-Length", value: String(length)) }
        let status =
            if let reason = answer.reason {
                HTTPResponseStatus.custom(code: UInt(answer.status), reasonPhrase: reason)
            } else {
                HTTPResponseStatus(statusCode: answer.status)
            }
        return HTTPResponseHead(version: .http1_1, status: status, headers: headers)
    }
}
