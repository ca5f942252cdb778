/// Why a connection could not be had or did not last, as far as an operator can act on it.
package enum NetworkCause: Sendable, Equatable {
    /// The name has no address.
    case nameUnknown
    /// The name servers did not answer.
    case nameServersSilent
    case refused
    case reset
    /// The peer ended the connection in order.
    case closed
    /// Nothing came back within the time allowed.
    case timedOut
    /// No way to the network or the host.
    case noRoute
    /// A local rule, or a firewall that says so, forbids it.
    case forbiddenLocally
    /// This process or machine has no descriptor, port or memory left.
    case outOfResources
    /// More bytes than one datagram to this peer can hold.
    case messageTooLarge
    /// The peer's certificate does not lead to a trusted root, or is not valid now.
    case untrustedCertificate
    /// The peer's certificate is for another name.
    case wrongHost
    /// The peer wants a certificate of ours.
    case clientCertificateRequired
    /// The peer does not accept the certificate we showed, or any of its properties.
    case clientCertificateRefused
    /// The peer speaks, but not TLS.
    case notTLS
    /// No TLS version or cipher in common.
    case noCommonTLS
    /// The peer ended the handshake without saying why.
    case closedInHandshake
    /// A certificate or key file of ours cannot be read.
    case unreadableFile
    /// Neither the system nor the configuration has a CA certificate that could be trusted.
    case noRoots
    /// Another TLS failure; the word is BoringSSL's own reason, or empty.
    case tls(String)
    /// The proxy wants credentials, or other ones.
    case proxyCredentials
    /// The proxy does not open the way to the peer.
    case proxyRefused
    case cancelled
    /// The system's own text for an error number that has no case here.
    case system(String)
    /// An error of a type unknown here.
    case other(String)

    /// True when the same connection will fail until somebody changes a certificate or a setting.
    package var isCertificateProblem: Bool {
        switch self {
        case .untrustedCertificate, .wrongHost, .clientCertificateRequired, .clientCertificateRefused,
            .unreadableFile, .noRoots:
            true
        default: false
        }
    }

    /// True when waiting cannot help: certificates, and TLS spoken to what does not speak it.
    package var isMisconfiguration: Bool {
        isCertificateProblem || self == .notTLS || self == .noCommonTLS
    }
}
