import NIOCore
import NIOSSL
import NIOTLS
import Synchronization

/// Performs TLS handshakes to learn what a peer presents and requires; never sends it application data.
package struct TLSProbe: Sendable {
    /// The kind of handshake.
    package enum Manner: Sendable {
        /// As the daemon does: chain and name are verified, and the client certificate is presented.
        case asConfigured
        /// The chain is only recorded, and accepted whatever it is.
        ///
        /// Nothing is sent over the connection, which ends with TLS's close_notify. A rejection would be an
        /// error in the peer's log.
        case recordingChain
        /// As `recordingChain`, but only with the versions below TLS 1.2, which this program uses nowhere
        /// else.
        case belowTLS12
    }

    private let way: Route
    private let settings: TLSSettings

    package init(_ way: Route, _ settings: TLSSettings) {
        self.way = way
        self.settings = settings
    }

    /// Connects, performs the handshake and closes.
    package func handshake(_ manner: Manner) async -> Handshake {
        do {
            let observation = HandshakeObservation()
            let context = try NIOSSLContext(configuration: configuration(manner, observation))
            let (name, limit) = (way.endpoint.tlsName, TimeAmount(way.timeout))
            let channel = try await way.connect { channel in
                let handler =
                    manner == .asConfigured
                    ? try NIOSSLClientHandler(context: context, serverHostname: name)
                    : try NIOSSLClientHandler(
                        context: context,
                        serverHostname: name,
                        customVerificationCallback: { chain, verdict in
                            observation.change { $0.chain = chain.compactMap { try? $0.toDERBytes() } }
                            verdict.succeed(.certificateVerified)
                        }
                    )
                let watcher = HandshakeWatcher(handler, observation, limit: limit)
                try channel.pipeline.syncOperations.addHandlers(handler, watcher)
            }
            try? await channel.closeFuture.get()
            return observation.result
        } catch {
            return Handshake(failure: NetworkFailure.cause(of: error))
        }
    }

    private func configuration(
        _ manner: Manner,
        _ observation: HandshakeObservation
    ) throws -> TLSConfiguration {
        var configuration: TLSConfiguration
        switch manner {
        case .asConfigured:
            configuration = try settings.clientConfiguration()
            // Called only when the peer requests a certificate.
            configuration.sslContextCallback = { _, answer in
                observation.change { $0.asksForCertificate = true }
                answer.succeed(.noChanges)
            }
        case .recordingChain:
            configuration = TLSConfiguration.makeClientConfiguration()
            configuration.minimumTLSVersion = .tlsv12
            // Without an ML-KEM key of 1.2 kilobytes: this client hello is sent first, and may reach a port
            // for lines.
            configuration.curves = [.x25519, .secp256r1, .secp384r1, .secp521r1]
        case .belowTLS12:
            configuration = TLSConfiguration.makeClientConfiguration()
            configuration.minimumTLSVersion = .tlsv1
            configuration.maximumTLSVersion = .tlsv11
            configuration.cipherSuites = "ALL"
        }
        // These two trust nothing; a system without roots must not prevent them from starting.
        if manner != .asConfigured, SystemRoots.standard.areMissing {
            configuration.trustRoots = .certificates([])
        }
        return configuration
    }
}

/// The result of a handshake.
package struct Handshake: Sendable, Equatable {
    /// `TLS 1.3`; nil when the handshake did not get that far.
    package internal(set) var version: String?
    /// The certificates that the peer presents, in DER form, its own first; only if the chain is recorded.
    package internal(set) var chain: [[UInt8]] = []
    /// True when the peer requests a client certificate.
    package internal(set) var asksForCertificate = false
    /// Why it failed; nil when it did not, or only after its chain was recorded.
    package var failure: NetworkCause?
    /// True when the peer accepted the connection, whatever the result of the handshake.
    package internal(set) var wasConnected = false

    init(failure: NetworkCause? = nil) { self.failure = failure }
}

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
