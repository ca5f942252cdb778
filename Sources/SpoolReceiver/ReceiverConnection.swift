import NIOCore
import NIOPosix
import NIOSSL

/// One accepted connection: splits input into messages and ends as configured.
final class ReceiverConnection: ReceiverHandler {
    typealias InboundIn = ByteBuffer

    let record: ReceiverRecord
    private let ending: ConnectionEnding
    private var reader: FrameReader
    var number = 0
    private var messages = 0
    private var bytes = 0
    var end: ReceivedConnection.End?
    let queue = InputQueue<ByteBuffer>()

    init(_ record: ReceiverRecord, ending: ConnectionEnding, limit: Int) {
        self.record = record
        self.ending = ending
        reader = FrameReader(limit: limit)
    }

    var isUnfinished: Bool { reader.unfinishedBytes > 0 }

    func take(_ bytesRead: ByteBuffer, _ context: ChannelHandlerContext) -> EventLoopFuture<Void>? {
        guard end == nil else { return nil }
        var received = bytesRead
        var batch = ReceivedBatch()
        let isLast = cutToEnding(&received)
        batch.bytesRead = received.readableBytes
        bytes += received.readableBytes
        reader.append(&received)
        while !hasEnough, let event = reader.next() {
            let before = batch.messages.count
            batch.add(event, connection: number)
            messages += batch.messages.count - before
        }
        if isLast {
            end = .reset
        } else if hasEnough {
            end = .closed
        }
        return record.take(batch, on: number, context.eventLoop) { [number = batch.messages.count] taken in
            if taken < number, self.end == nil { self.end = .closed }
            switch self.end {
            case .reset: self.reset(context)
            case .closed: context.close(promise: nil)
            default: break
            }
        }
    }

    private var hasEnough: Bool {
        if case .close(let limit) = ending { messages >= limit } else { false }
    }

    private func cutToEnding(_ received: inout ByteBuffer) -> Bool {
        guard case .reset(let limit) = ending, bytes + received.readableBytes >= limit else { return false }
        received = received.readSlice(length: max(0, limit - bytes)) ?? ByteBuffer()
        return true
    }

    /// Closing with a linger time of zero makes the kernel send RST instead of FIN (`socket(7)`).
    private func reset(_ context: ChannelHandlerContext) {
        if let socket = context.channel as? any SocketOptionProvider {
            socket.setSoLinger(linger(l_onoff: 1, l_linger: 0)).whenFailure { _ in }
        }
        context.beneathTLS.close(promise: nil)
    }
}

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
