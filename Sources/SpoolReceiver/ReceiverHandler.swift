import NIOCore
import NIOSSL

/// Notifies a connection that the receiver is shutting down.
struct ReceiverStopping: Sendable {}

/// One accepted connection of any protocol: handles one input after the other, and is recorded with its end.
protocol ReceiverHandler: ChannelDuplexHandler where OutboundIn == Never {
    var record: ReceiverRecord { get }
    var queue: InputQueue<InboundIn> { get }
    /// Its number in the record.
    var number: Int { get set }
    /// How it ended; nil while it is open, and when the sender ended it.
    var end: ReceivedConnection.End? { get set }
    /// True when a part of a message has been received.
    var isUnfinished: Bool { get }

    /// Handles an input; returns a future if that takes time.
    func take(_ input: InboundIn, _ context: ChannelHandlerContext) -> EventLoopFuture<Void>?
}

extension ReceiverHandler {
    func channelActive(context: ChannelHandlerContext) {
        number = record.opened()
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        queue.add(unwrapInboundIn(data), context) { self.take($0, context) }
    }

    func read(context: ChannelHandlerContext) { queue.read(context) }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if end == nil { end = .failed("\(error)") }
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        queue.whenIdle { [self] in record.closed(number, end ?? .byPeer, isUnfinished: isUnfinished) }
        context.fireChannelInactive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard event is ReceiverStopping else { return context.fireUserInboundEventTriggered(event) }
        // Messages that have been accepted are answered first.
        queue.whenIdle { [self] in
            if end == nil { end = .closed }
            context.beneathTLS.close(promise: nil)
        }
    }
}

extension ChannelHandlerContext {
    /// From here a close bypasses the TLS handler, which would send close_notify and wait for an answer.
    var beneathTLS: ChannelHandlerContext {
        // On plain TCP there is no such handler.
        (try? pipeline.syncOperations.context(handlerType: NIOSSLServerHandler.self)) ?? self
    }
}
