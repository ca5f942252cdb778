import NIOCore
import NIOSSL
import NIOTLS
import Synchronization

/// What was observed of a handshake so far.
final class HandshakeObservation: Sendable {
    private let state = Mutex(Handshake())

    var result: Handshake { state.withLock { $0 } }

    func change(_ body: (inout Handshake) -> Void) { state.withLock { body(&$0) } }
}

/// Waits behind the TLS handler for the end of the handshake, records it, and closes the channel.
final class HandshakeWatcher: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    /// How long to wait for a rejection of the client certificate, or of its absence.
    ///
    /// With TLS 1.3 a peer sends it only after the handshake has ended for the client (RFC 8446 §4.4.2.4 and
    /// appendix E.1.3).
    private static let verdictTimeout = TimeAmount.seconds(1)

    private let handler: NIOSSLClientHandler
    private let observation: HandshakeObservation
    private let limit: TimeAmount
    private var alarm: Scheduled<Void>?
    private var isCompleted = false
    private var isOver = false

    init(_ handler: NIOSSLClientHandler, _ observation: HandshakeObservation, limit: TimeAmount) {
        self.handler = handler
        self.observation = observation
        self.limit = limit
    }

    func handlerAdded(context: ChannelHandlerContext) {
        observation.change { $0.wasConnected = true }
        wait(context, limit) { $0.failure = .timedOut }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard case .handshakeCompleted = event as? TLSUserEvent else { return }
        isCompleted = true
        let version = handler.tlsVersion
        observation.change { $0.version = Self.text(version) }
        if version == .tlsv13, observation.result.asksForCertificate {
            wait(context, Self.verdictTimeout) { _ in }
        } else {
            conclude(context) { _ in }
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        let cause = NetworkFailure.cause(of: error)
        let version = Self.text(handler.tlsVersion)
        conclude(context) { seen in
            seen.version = seen.version ?? version
            // A chain that is only recorded has been rejected on purpose.
            if seen.chain.isEmpty || cause != .untrustedCertificate { seen.failure = cause }
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        let isCompleted = isCompleted
        conclude(context) { seen in
            guard seen.chain.isEmpty else { return }
            seen.failure = isCompleted ? .clientCertificateRefused : .closedInHandshake
        }
    }

    private func wait(
        _ context: ChannelHandlerContext,
        _ time: TimeAmount,
        _ change: @escaping @Sendable (inout Handshake) -> Void
    ) {
        alarm?.cancel()
        let context = NIOLoopBound(context, eventLoop: context.eventLoop)
        let watcher = NIOLoopBound(self, eventLoop: context.eventLoop)
        alarm = context.eventLoop.scheduleTask(in: time) { watcher.value.conclude(context.value, change) }
    }

    /// Only the first end counts; later events are caused by closing the channel here.
    private func conclude(_ context: ChannelHandlerContext, _ change: (inout Handshake) -> Void) {
        guard !isOver else { return }
        isOver = true
        alarm?.cancel()
        observation.change(change)
        context.close(mode: .all, promise: nil)
    }

    private static func text(_ version: TLSVersion?) -> String? {
        switch version {
        case .tlsv1: "TLS 1.0"
        case .tlsv11: "TLS 1.1"
        case .tlsv12: "TLS 1.2"
        case .tlsv13: "TLS 1.3"
        default: nil
        }
    }
}
