import NIOCore
import NIOPosix
import Synchronization

/// An HTTP proxy that opens tunnels with CONNECT (RFC 9110 §9.3.6) and forwards everything else byte by byte.
package final class ConnectProxy: Sendable {
    /// Its reaction to CONNECT.
    package enum Behaviour: Sendable {
        case open
        /// Opens only for this `Proxy-Authorization`.
        case wants(String)
        case refuse(status: String)
        /// Accepts the connection and never answers.
        case silent
    }

    package let port: Int
    private let channel: any Channel
    private let log: Log

    /// The first lines of the received requests.
    final class Log: Sendable {
        private let lines = Mutex<[String]>([])
        func append(_ line: String) { lines.withLock { $0.append(line) } }
        var all: [String] { lines.withLock { $0 } }
    }

    package var requests: [String] { log.all }

    package static func start(_ behaviour: Behaviour = .open) async throws -> ConnectProxy {
        let log = Log()
        let channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(TunnelHandler(behaviour, log))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        guard let port = channel.localAddress?.port else { throw ChannelError.unknownLocalAddress }
        return ConnectProxy(port: port, channel: channel, log: log)
    }

    private init(port: Int, channel: any Channel, log: Log) {
        (self.port, self.channel, self.log) = (port, channel, log)
    }

    package func stop() async throws { try await channel.close() }
}

/// Reads the request's head, opens the tunnel and then forwards bytes.
private final class TunnelHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let behaviour: ConnectProxy.Behaviour
    private let log: ConnectProxy.Log
    private var head = ByteBuffer()
    private var peer: (any Channel)?

    init(_ behaviour: ConnectProxy.Behaviour, _ log: ConnectProxy.Log) {
        (self.behaviour, self.log) = (behaviour, log)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        if let peer {
            peer.writeAndFlush(bytes, promise: nil)
            return
        }
        head.writeBuffer(&bytes)
        let text = String(buffer: head)
        guard text.contains("\r\n\r\n") else { return }
        let lines = text.split(separator: "\r\n")
        log.append(String(lines[0]))
        let credentials = lines.first { $0.lowercased().hasPrefix("proxy-authorization:") }
            .map { $0.dropFirst("proxy-authorization:".count).trimming { $0 == " " } }
        switch behaviour {
        case .silent: return
        case .refuse(let status): answer(context, "HTTP/1.1 \(status)\r\nContent-Length: 0\r\n\r\n")
        case .wants(let expected) where credentials != expected:
            answer(
                context,
                "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"x\"\r\n"
                    + "Content-Length: 0\r\n\r\n"
            )
        case .open, .wants: open(context, target: lines[0].split(separator: " ")[1])
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        peer?.close(promise: nil)
        context.fireChannelInactive()
    }

    private func answer(_ context: ChannelHandlerContext, _ text: String) {
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: text)), promise: nil)
    }

    private func open(_ context: ChannelHandlerContext, target: Substring) {
        let parts = target.split(separator: ":")
        let inbound = context.channel
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        ClientBootstrap(group: context.eventLoop)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(PipeHandler(inbound))
                }
            }
            .connect(host: String(parts[0]), port: Int(parts[1]) ?? 0)
            .hop(to: context.eventLoop)
            .whenComplete { result in
                let (handler, context) = bound.value
                switch result {
                case .success(let outbound):
                    handler.peer = outbound
                    handler.answer(context, "HTTP/1.1 200 Connection established\r\n\r\n")
                case .failure:
                    handler.answer(context, "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
                }
            }
    }
}

/// Forwards everything to another channel.
private final class PipeHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let peer: any Channel

    init(_ peer: any Channel) { self.peer = peer }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        peer.writeAndFlush(unwrapInboundIn(data), promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        peer.close(promise: nil)
        context.fireChannelInactive()
    }
}

extension Substring {
    fileprivate func trimming(_ isTrimmed: (Character) -> Bool) -> String {
        var rest = self
        while let first = rest.first, isTrimmed(first) { rest.removeFirst() }
        return String(rest)
    }
}
