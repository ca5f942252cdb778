import Foundation
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

/// Queries the kernel for the state of a connection's sending side.
///
/// It may be used only on the channel's event loop.
struct SocketQueue {
    private let channel: any Channel

    init(_ channel: any Channel) {
        self.channel = channel
    }

    /// Bytes that the peer's kernel has not acknowledged, including those that the local kernel has not
    /// accepted yet; nil when the descriptor is closed.
    ///
    /// `TIOCOUTQ` is Linux's `SIOCOUTQ`: `write_seq - snd_una`, which includes bytes that are sent but
    /// unacknowledged (tcp(7) says "unsent", which is imprecise).
    func unacknowledged() -> Int? {
        guard let waiting = try? channel.syncOptions?.getOption(.bufferedWritableBytes) else { return nil }
        var queued: CInt = 0
        let result = withDescriptor { ioctl($0, UInt(TIOCOUTQ), &queued) }
        return result == 0 ? waiting + Int(queued) : nil
    }

    /// True when the connection was reset, or the descriptor is closed.
    func hasFailed() -> Bool {
        var error: CInt = 0
        var length = socklen_t(MemoryLayout<CInt>.size)
        let result = withDescriptor { getsockopt($0, SOL_SOCKET, SO_ERROR, &error, &length) }
        return result != 0 || error != 0
    }

    /// Closes the local direction of the stream.
    ///
    /// This bypasses the channel: NIO closes the descriptor once both directions have ended, and then the way
    /// in which the peer ended the connection can no longer be determined.
    func shutdownOutput() {
        _ = withDescriptor { shutdown($0, CInt(SHUT_WR)) }
    }

    private func withDescriptor(_ body: (CInt) -> CInt) -> CInt? {
        // Nil and an error both mean that the descriptor no longer exists.
        try? channel.pipeline.syncOperations.withUnsafeTransportIfAvailable(
            of: NIOBSDSocket.Handle.self,
            body
        )
    }
}
