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
