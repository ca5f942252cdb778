import NIOCore
import NIOPosix
import NIOSSL
import SpoolReceiver
import Synchronization

/// A plain sender of bytes that records how its connection ends.
final class Sender: ChannelInboundHandler, Sendable {
    typealias InboundIn = ByteBuffer

    enum End: Equatable {
        case closed
        case reset
    }

    private let error = Mutex<(any Error)?>(nil)
    private let channel = Mutex<(any Channel)?>(nil)
    private let answers = AsyncStream<String>.makeStream()

    static func connect(to receiver: Receiver, host: String = "127.0.0.1") async throws -> Sender {
        try await connect(port: receiver.port, host: host, tls: nil)
    }

    static func connect(port: Int, host: String = "127.0.0.1", tls: TLSConfiguration?) async throws -> Sender
    {
        let sender = Sender()
        let context = try tls.map { try NIOSSLContext(configuration: $0) }
        let channel = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let context {
                        let handler = try NIOSSLClientHandler(context: context, serverHostname: "localhost")
                        try channel.pipeline.syncOperations.addHandler(handler)
                    }
                    try channel.pipeline.syncOperations.addHandler(sender)
                }
            }
            .connect(host: host, port: port).get()
        sender.channel.withLock { $0 = channel }
        return sender
    }

    func send(_ text: String) async throws {
        try await send(ByteBuffer(string: text))
    }

    func send(_ bytes: ByteBuffer) async throws {
        guard let channel = channel.withLock({ $0 }) else { return }
        try await channel.writeAndFlush(bytes)
    }

    /// Starts a write without waiting for it.
    func start(_ bytes: ByteBuffer) {
        channel.withLock { $0 }?.writeAndFlush(bytes, promise: nil)
    }

    func close() async throws {
        try await channel.withLock { $0 }?.close()
    }

    /// The bytes from the receiver, once the predicate holds for all of them, or the receiver has closed.
    func answer(until predicate: (String) -> Bool) async -> String {
        var text = ""
        for await part in answers.stream {
            text += part
            if predicate(text) { break }
        }
        return text
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        answers.continuation.yield(String(buffer: unwrapInboundIn(data)))
    }

    func channelInactive(context: ChannelHandlerContext) {
        answers.continuation.finish()
        context.fireChannelInactive()
    }

    func ended() async throws -> End {
        try? await channel.withLock { $0 }?.closeFuture.get()
        return error.withLock { $0 } == nil ? .closed : .reset
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // A peer that closes without close_notify is not a reset.
        if !(error is NIOSSLError) { self.error.withLock { $0 = error } }
        context.close(promise: nil)
    }
}
