import NIOCore
import NIOPosix
import NIOSSL

/// A server that answers the first bytes with a fixed text and closes, regardless of the request.
final class RawServer: Sendable {
    let port: Int
    private let channel: any Channel

    /// Listens on a free port; with `tls` it uses TLS.
    static func start(answering text: String, tls: NIOSSLContext? = nil) async throws -> RawServer {
        try await start(answering: Array(text.utf8), tls: tls)
    }

    /// Listens on a free port; with `forever` it repeats those bytes after the response until the peer
    /// closes.
    static func start(
        answering bytes: [UInt8],
        forever: [UInt8] = [],
        tls: NIOSSLContext? = nil
    ) async throws -> RawServer {
        let channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let tls {
                        try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls))
                    }
                    try channel.pipeline.syncOperations.addHandler(AnsweringHandler(bytes, forever))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        guard let port = channel.localAddress?.port else { throw ChannelError.unknownLocalAddress }
        return RawServer(port: port, channel: channel)
    }

    private init(port: Int, channel: any Channel) { (self.port, self.channel) = (port, channel) }

    func stop() async throws { try await channel.close() }
}

private final class AnsweringHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private var answer: [UInt8]?
    private let forever: [UInt8]

    init(_ answer: [UInt8], _ forever: [UInt8]) { (self.answer, self.forever) = (answer, forever) }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard let answer else { return }
        self.answer = nil
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        let sent = context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: answer)))
        guard forever.isEmpty else { return go(context) }
        sent.whenComplete { _ in bound.value.close(promise: nil) }
    }

    /// Sends one piece after the other, each when the previous one has been written.
    private func go(_ context: ChannelHandlerContext) {
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: forever))).whenSuccess {
            let (handler, context) = bound.value
            handler.go(context)
        }
    }
}
