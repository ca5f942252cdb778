import NIOCore
import Synchronization

/// The first reaction of a peer.
final class ReactionBox: Sendable {
    private let first = Mutex<PlainProbe.Reaction?>(nil)

    /// Silence is recorded explicitly: a connection without any record ended before it could be watched, and
    /// was closed.
    var value: PlainProbe.Reaction { first.withLock { $0 } ?? .closed }

    func note(_ reaction: PlainProbe.Reaction) { first.withLock { $0 = $0 ?? reaction } }
}

/// Sends empty lines and records the peer's reaction.
final class ReactionWatcher: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// Enough bytes for the head of a TLS record and of the oldest client hello.
    private static let lines = ByteBuffer(string: String(repeating: "\n", count: 16))
    /// A server that does not understand the lines answers immediately; silence for this long means that it
    /// accepts them.
    private static let timeout = TimeAmount.seconds(1)

    private let reaction: ReactionBox
    private let sendsLines: Bool

    init(_ reaction: ReactionBox, sendsLines: Bool) {
        self.reaction = reaction
        self.sendsLines = sendsLines
    }

    func handlerAdded(context: ChannelHandlerContext) {
        if sendsLines { context.writeAndFlush(wrapOutboundOut(Self.lines), promise: nil) }
        let (reaction, channel) = (reaction, context.channel)
        _ = context.eventLoop.scheduleTask(in: Self.timeout) {
            reaction.note(.silence)
            channel.close(promise: nil)
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = unwrapInboundIn(data).readableBytesView
        reaction.note(bytes.starts(with: [21, 3]) ? .alert : .talk)
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) { reaction.note(.closed) }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        reaction.note(.closed)
        context.close(promise: nil)
    }
}
