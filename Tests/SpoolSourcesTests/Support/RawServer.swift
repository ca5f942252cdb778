import NIOCore
import NIOPosix
import NIOSSL

/// A server that answers every first bytes with the same text and closes, whatever it is asked.
final class RawServer: Sendable {
    let port: Int
    private let channel: any Channel

    /// Listens at a free port; with `tls` it speaks TLS first.
    static func start(answering text: String, tls: NIOSSLContext? = nil) async throws -> RawServer {
        let channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let tls {
                        try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls))
                    }
                    try channel.pipeline.syncOperations.addHandler(AnsweringHandler(text))
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

    private var text: String?

    init(_ text: String) { self.text = text }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard let text else { return }
        self.text = nil
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: text)))
            .whenComplete { _ in bound.value.close(promise: nil) }
    }
}
