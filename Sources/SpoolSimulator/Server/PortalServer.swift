import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Synchronization

/// A listening socket and its connections, from start to stop.
final class PortalServer: Sendable {
    typealias Connection = NIOAsyncChannel<HTTPServerRequestPart, HTTPServerResponsePart>

    let port: Int
    private let socket: any Channel
    private let task: Task<Void, Never>

    private init(port: Int, socket: any Channel, task: Task<Void, Never>) {
        self.port = port
        self.socket = socket
        self.task = task
    }

    static func start(_ portal: Portal, host: String, port: Int, tls: NIOSSLContext?) async throws
        -> PortalServer
    {
        let channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .bind(host: host, port: port) { connection in
                connection.eventLoop.makeCompletedFuture {
                    if let tls {
                        try connection.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls))
                    }
                    try connection.pipeline.syncOperations.configureHTTPServerPipeline()
                    return try Connection(wrappingChannelSynchronously: connection)
                }
            }
        let bound = channel.channel.localAddress?.port ?? port
        let task = Task<Void, Never> {
            // The socket fails only by being closed, which ends serving.
            _ = try? await channel.executeThenClose { connections in
                try await withThrowingDiscardingTaskGroup { group in
                    for try await connection in connections {
                        group.addTask {
                            // A failure of one connection concerns only its client.
                            try? await PortalConnection(portal: portal).serve(connection)
                        }
                    }
                    // The socket is closed, and every accepted connection has its task, so all of them end
                    // now.
                    group.cancelAll()
                }
            }
        }
        return PortalServer(port: bound, socket: channel.channel, task: task)
    }

    /// Closes the socket and every connection, and returns when they are closed.
    func stop() async {
        // Fails only if it is closed already.
        try? await socket.close()
        await task.value
    }
}

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

/// Sends one response, including its fault.
struct AnswerWriter {
    let answer: Answer
    let channel: any Channel
    let outbound: NIOAsyncChannelOutboundWriter<HTTPServerResponsePart>
    /// The value of the `Date` header.
    let date: String

    /// Returns false if the connection has to be closed.
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
            // An HTTP/1.0 response without a length ends with its connection.
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
