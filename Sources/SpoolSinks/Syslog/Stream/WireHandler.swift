import NIOCore

/// Sits next to the socket, below TLS: counts what goes out and sees how the peer ends the stream.
final class WireHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// Bytes handed to the socket since the connection was made.
    private(set) var passed = 0
    /// True while nobody but `closeNow` may close the descriptor: TLS would, before the peer's FIN or reset has
    /// told whether it read everything.
    var holdsOpen = false
    /// Called once when the peer has ended its direction.
    var onPeerEnd: (() -> Void)?
    private var context: ChannelHandlerContext?

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        passed += unwrapOutboundIn(data).readableBytes
        context.write(data, promise: promise)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        // First ours: TLS passes the same event on as if it were its own end.
        if case .some(.inputClosed) = event as? ChannelEvent { onPeerEnd?() }
        context.fireUserInboundEventTriggered(event)
    }

    /// Ends our direction once everything before it is written, and leaves the descriptor open.
    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        guard mode == .output || (mode == .all && holdsOpen) else {
            return context.close(mode: mode, promise: promise)
        }
        let written = context.eventLoop.makePromise(of: Void.self)
        let queue = SocketQueue(context.channel)
        written.futureResult.assumeIsolated().whenComplete { result in
            switch result {
            case .success:
                queue.shutdownOutput()
                promise?.succeed()
            case .failure(let error): promise?.fail(error)
            }
        }
        context.writeAndFlush(wrapOutboundOut(ByteBuffer()), promise: written)
    }

    /// Closes the descriptor without asking TLS, which would wait for the peer.
    func closeNow() {
        context?.close(promise: nil)
    }
}
