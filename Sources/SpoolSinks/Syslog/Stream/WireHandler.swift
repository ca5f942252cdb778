import NIOCore

/// Sits next to the socket, below TLS: counts outgoing bytes and observes how the peer ends the stream.
final class WireHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// Bytes passed to the socket since the connection was made.
    private(set) var passed = 0
    /// True while only `closeNow` may close the descriptor.
    ///
    /// Otherwise TLS would close it before the peer's FIN or reset has shown whether it read everything.
    var holdsOpen = false
    /// Called once when the peer has closed its direction.
    var onPeerEnd: (() -> Void)?
    private var context: ChannelHandlerContext?

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        passed += unwrapOutboundIn(data).readableBytes
        context.write(data, promise: promise)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        // Called before TLS, which passes the same event on as if it were its own end.
        if case .some(.inputClosed) = event as? ChannelEvent { onPeerEnd?() }
        context.fireUserInboundEventTriggered(event)
    }

    /// Closes the local direction once everything before it is written, and keeps the descriptor open.
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

    /// Closes the descriptor without TLS, which would wait for the peer.
    func closeNow() {
        context?.close(promise: nil)
    }
}
