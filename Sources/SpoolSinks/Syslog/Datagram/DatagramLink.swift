import NIOCore

/// Listens to what the network says of datagrams that were sent: that nothing listens there.
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
