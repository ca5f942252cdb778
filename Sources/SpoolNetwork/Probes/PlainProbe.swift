import NIOCore
import Synchronization

/// Sends empty lines to a peer that should accept lines without TLS, to see whether it does.
///
/// Receivers drop empty lines (rsyslog: "discarding zero-sized message", syslog-ng: without the flag
/// `empty-lines`) and send nothing. A TLS server treats them as an invalid handshake, and answers or closes
/// the connection.
package struct PlainProbe: Sendable {
    /// The peer's reaction.
    package enum Reaction: Sendable, Equatable {
        /// Nothing, as expected from a receiver of lines.
        case silence
        /// It closed the connection.
        case closed
        /// It answered with a TLS alert (RFC 8446 §5.1: content type 21, version 3.x).
        case alert
        /// It sent something else: it does not only receive lines.
        case talk
    }

    private let way: Route
    private let sendsLines: Bool

    /// - Parameters:
    ///   - way: the route to the peer.
    ///   - sendsLines: false to send nothing, and only see whether it keeps the connection open.
    package init(_ way: Route, sendsLines: Bool = true) {
        self.way = way
        self.sendsLines = sendsLines
    }

    /// Connects, sends, waits for a reaction and closes.
    package func react() async throws(NetworkCause) -> Reaction {
        let (reaction, sendsLines) = (ReactionBox(), sendsLines)
        let channel: any Channel
        do throws(NetworkCause) {
            channel = try await way.connect { channel in
                try channel.pipeline.syncOperations.addHandler(
                    ReactionWatcher(reaction, sendsLines: sendsLines)
                )
            }
        } catch .reset, .closed {
            // The peer closed the connection before this end noticed that it was connected.
            return .closed
        }
        try? await channel.closeFuture.get()
        return reaction.value
    }
}

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
