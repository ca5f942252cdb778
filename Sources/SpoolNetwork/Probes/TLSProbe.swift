import NIOCore
import NIOSSL

/// Shakes hands with a peer to learn what it shows and wants; never sends it a byte of ours over TLS.
package struct TLSProbe: Sendable {
    /// How the handshake is made.
    package enum Manner: Sendable {
        /// As the daemon makes it: chain and name are checked, our certificate is shown.
        case asConfigured
        /// The chain is only recorded, and taken whatever it is: nothing is sent over the connection, which ends with
        /// TLS's close_notify. A refusal would be an error in the peer's log.
        case recordingChain
        /// As before, but with the versions below TLS 1.2 alone, which this program speaks nowhere else.
        case belowTLS12
    }

    private let way: Way
    private let settings: TLSSettings

    package init(_ way: Way, _ settings: TLSSettings) {
        self.way = way
        self.settings = settings
    }

    /// Connects, shakes hands and closes.
    package func handshake(_ manner: Manner) async -> Handshake {
        do {
            let observation = HandshakeObservation()
            let context = try NIOSSLContext(configuration: configuration(manner, observation))
            let (name, limit) = (way.endpoint.tlsName, TimeAmount(way.patience))
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
            // Called when the peer asks for a certificate, and only then.
            configuration.sslContextCallback = { _, answer in
                observation.change { $0.asksForCertificate = true }
                answer.succeed(.noChanges)
            }
        case .recordingChain:
            configuration = TLSConfiguration.makeClientConfiguration()
            configuration.minimumTLSVersion = .tlsv12
            // Without a key of ML-KEM, 1.2 kilobytes long: this greeting comes first, and may meet a port for lines.
            configuration.curves = [.x25519, .secp256r1, .secp384r1, .secp521r1]
        case .belowTLS12:
            configuration = TLSConfiguration.makeClientConfiguration()
            configuration.minimumTLSVersion = .tlsv1
            configuration.maximumTLSVersion = .tlsv11
            configuration.cipherSuites = "ALL"
        }
        // Nothing is trusted by these two; a system without roots must not keep them from beginning.
        if manner != .asConfigured, SystemRoots.standard.areMissing {
            configuration.trustRoots = .certificates([])
        }
        return configuration
    }
}

/// What a handshake has shown.
package struct Handshake: Sendable, Equatable {
    /// `TLS 1.3`; nil when it did not come so far.
    package internal(set) var version: String?
    /// The certificates the peer shows, in DER form, its own first; only where the chain is recorded.
    package internal(set) var chain: [[UInt8]] = []
    /// The peer wants a certificate of ours.
    package internal(set) var asksForCertificate = false
    /// Why it failed; nil when it did not, or only after its chain was recorded.
    package var failure: NetworkCause?
    /// The peer had taken the connection, whatever became of the handshake.
    package internal(set) var wasConnected = false

    init(failure: NetworkCause? = nil) { self.failure = failure }
}
