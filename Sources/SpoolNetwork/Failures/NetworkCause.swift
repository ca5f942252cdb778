/// Why a connection could not be established or ended, as far as an operator can act on it.
package enum NetworkCause: Sendable, Equatable {
    /// The name has no address.
    case nameUnknown
    /// The name servers did not answer.
    case nameServersSilent
    case refused
    case reset
    /// The peer closed the connection cleanly.
    case closed
    /// No answer within the timeout.
    case timedOut
    /// No route to the network or the host.
    case noRoute
    /// Forbidden by a local rule, or by a firewall that reports it.
    case forbiddenLocally
    /// This process or machine is out of descriptors, ports or memory.
    case outOfResources
    /// The message is larger than a datagram to this peer can be.
    case messageTooLarge
    /// The peer's certificate has no trusted root, or is not valid now.
    case untrustedCertificate
    /// The peer's certificate is for another name.
    case wrongHost
    /// The peer requires a client certificate.
    case clientCertificateRequired
    /// The peer rejected the client certificate, or one of its properties.
    case clientCertificateRefused
    /// The peer answers, but not with TLS.
    case notTLS
    /// No TLS version or cipher in common.
    case noCommonTLS
    /// The peer closed the connection during the handshake without a reason.
    case closedInHandshake
    /// A local certificate or key file cannot be read.
    case unreadableFile
    /// Neither the system nor the configuration has a CA certificate to trust.
    case noRoots
    /// Another TLS failure, with BoringSSL's own reason, or empty.
    case tls(String)
    /// The proxy requires credentials, or rejects them.
    case proxyCredentials
    /// The proxy refuses to connect to the peer.
    case proxyRefused
    case cancelled
    /// The system's own text for an error number without a case here.
    case system(String)
    /// An error of an unknown type.
    case other(String)

    /// True when the connection will fail until a certificate or a setting is changed.
    package var isCertificateProblem: Bool {
        switch self {
        case .untrustedCertificate, .wrongHost, .clientCertificateRequired, .clientCertificateRefused,
            .unreadableFile, .noRoots:
            true
        default: false
        }
    }

    /// True when waiting cannot help: problems with certificates, or TLS with a peer that does not use it.
    package var isMisconfiguration: Bool {
        isCertificateProblem || self == .notTLS || self == .noCommonTLS
    }
}
