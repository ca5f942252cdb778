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

extension NetworkCause {
    /// What happened to the peer, and what to do, in one sentence.
    package func sentence(peer: String) -> String {
        tlsSentence(peer: peer) ?? connectionSentence(peer: peer)
    }

    private func connectionSentence(peer: String) -> String {
        switch self {
        case .nameUnknown: "\(peer): this name has no address; check its spelling and the name servers"
        case .nameServersSilent:
            "\(peer): the name servers did not answer; check /etc/resolv.conf and the network"
        case .refused:
            "\(peer) refuses the connection: nothing is listening there, or a firewall rejects it; "
                + "check that the receiver is running, and its port"
        case .reset:
            "\(peer) dropped the connection; see the receiver's log for the reason"
        case .closed: "\(peer) closed the connection; see the receiver's log for the reason"
        case .timedOut:
            "\(peer) did not answer in time; check firewalls on the path and the receiver's load"
        case .noRoute: "\(peer) cannot be reached: no route; check the address, the network and the routes"
        case .forbiddenLocally:
            "\(peer): this machine forbids the connection; check its firewall and this service's sandbox"
        case .outOfResources:
            "\(peer): this machine is out of descriptors, ports or memory; check LimitNOFILE and free memory"
        case .messageTooLarge:
            "\(peer): a message exceeds the maximum size of a datagram; lower max_message_bytes or use TCP"
        case .proxyCredentials:
            "\(peer): the proxy requires credentials, or rejects them; check the proxy setting"
        case .proxyRefused: "\(peer): the proxy refuses to open a tunnel; check its rules and its log"
        case .cancelled: "\(peer): cancelled, because spool or this request is being stopped"
        case .system(let text): "\(peer): \(text)"
        case .other(let name): "\(peer): the connection failed (\(name))"
        default: "\(peer): the connection failed"
        }
    }

    private func tlsSentence(peer: String) -> String? {
        switch self {
        case .untrustedCertificate:
            "\(peer) presents a certificate that is not trusted: unknown issuer, or not valid at this "
                + "machine's time; set tls.ca_file to its issuing CA, and check the clock"
        case .wrongHost where HostAndPort.isAddress(peer):
            "\(peer) presents a certificate that does not contain this address: an IP address must be in its "
                + "subjectAltName, a common name (CN) alone does not count; have one issued with it, "
                + "or use a name in the certificate as the address"
        case .wrongHost:
            "\(peer) presents a certificate for another name; use a name in its subjectAltName as the "
                + "address, or have one issued for this name"
        case .clientCertificateRequired:
            "\(peer) requires a client certificate; set tls.cert_file and tls.key_file"
        case .clientCertificateRefused:
            "\(peer) rejected the client certificate, or its absence; check tls.cert_file, its validity, "
                + "and that the receiver trusts its issuer"
        case .notTLS: "\(peer) does not use TLS on this port; use its TLS port, or a transport without TLS"
        case .noCommonTLS:
            "\(peer) and spool have no TLS version or cipher in common, or the peer requires a client "
                + "certificate; it must support TLS 1.2 or later, and `spool doctor` shows which is the case"
        case .closedInHandshake:
            "\(peer) closed the connection during the TLS handshake: it may not use TLS on this port, or "
                + "require a client certificate (tls.cert_file); see the receiver's log"
        case .unreadableFile:
            "\(peer): a certificate or key file cannot be read; check tls.ca_file, cert_file and key_file"
        case .noRoots:
            "\(peer): this machine has no CA certificates to verify a certificate with; install the package "
                + "ca-certificates, or set tls.ca_file to the issuing CA, which is sufficient"
        case .tls(let reason):
            "\(peer): TLS failed\(reason.isEmpty ? "" : " (\(reason))"); see the receiver's log"
        default: nil
        }
    }
}
