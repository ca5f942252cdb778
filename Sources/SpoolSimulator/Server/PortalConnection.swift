import NIOCore
import NIOHTTP1
import NIOPosix

/// Serves the requests of one connection, one after the other.
struct PortalConnection {
    private static let largestRequest = 4 << 20

    let portal: Portal

    func serve(_ connection: PortalServer.Connection) async throws {
        try await connection.executeThenClose { inbound, outbound in
            var head: HTTPRequestHead?
            var body = ByteBuffer()
            for try await part in inbound {
                switch part {
                case .head(let received):
                    head = received
                    body.clear()
                case .body(var bytes):
                    guard body.readableBytes + bytes.readableBytes <= Self.largestRequest else { return }
                    body.writeBuffer(&bytes)
                case .end:
                    guard let head else { return }
                    let answer = portal.respond(to: IncomingRequest(head, body: body))
                    let writer = AnswerWriter(
                        answer: answer,
                        channel: connection.channel,
                        outbound: outbound,
                        date: CalendarText(milliseconds: portal.clock.nowMs).http
                    )
                    guard try await writer.write(keepsAlive: head.isKeepAlive) else { return }
                }
            }
        }
    }
}

extension IncomingRequest {
    fileprivate init(_ head: HTTPRequestHead, body: ByteBuffer) {
        self.init(
            method: head.method.rawValue,
            uri: head.uri,
            authorization: head.headers.first(name: "authorization"),
            contentType: head.headers.first(name: "content-type"),
            body: Array(body.readableBytesView)
        )
    }
}
