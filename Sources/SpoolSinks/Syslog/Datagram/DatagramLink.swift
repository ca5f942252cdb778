import NIOCore

/// Receives the network's errors for datagrams that were sent, such as a closed port.
final class DatagramLink: ChannelInboundHandler, Sendable {
    typealias InboundIn = AddressedEnvelope<ByteBuffer>

    private let onError: @Sendable (any Error) -> Void

    init(onError: @escaping @Sendable (any Error) -> Void) {
        self.onError = onError
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {}

    func errorCaught(context: ChannelHandlerContext, error: any Error) { onError(error) }

    func channelInactive(context: ChannelHandlerContext) { onError(ChannelError.eof) }
}
