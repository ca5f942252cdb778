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
            "\(peer) refuses the connection: nothing listens there, or a firewall answers for it; "
                + "check that the receiver runs, and its port"
        case .reset:
            "\(peer) broke the connection; look into the receiver's log for the reason"
        case .closed: "\(peer) closed the connection; look into the receiver's log for the reason"
        case .timedOut:
            "\(peer) did not answer in time; check firewalls on the way and the receiver's load"
        case .noRoute: "\(peer) cannot be reached: no route; check the address, the network and the routes"
        case .forbiddenLocally:
            "\(peer): this machine forbids the connection; check its firewall and this service's sandbox"
        case .outOfResources:
            "\(peer): this machine is out of descriptors, ports or memory; check LimitNOFILE and free memory"
        case .messageTooLarge:
            "\(peer): a message is larger than a datagram may be; lower max_message_bytes or use TCP"
        case .proxyCredentials: "\(peer): the proxy wants credentials, or other ones; check the proxy setting"
        case .proxyRefused: "\(peer): the proxy does not open the way there; check its rules and its log"
        case .cancelled: "\(peer): given up because this program is stopping or was told to"
        case .system(let text): "\(peer): \(text)"
        case .other(let name): "\(peer): the connection failed (\(name))"
        default: "\(peer): the connection failed"
        }
    }

    private func tlsSentence(peer: String) -> String? {
        switch self {
        case .untrustedCertificate:
            "\(peer) shows a certificate that is not trusted: unknown issuer, or not valid at this machine's "
                + "time; give its issuing CA as tls.ca_file, and check the clock"
        case .wrongHost where HostAndPort.isAddress(peer):
            "\(peer) shows a certificate without this address: its subjectAltName has to hold an IP address that is "
                + "connected to, a common name (CN) alone does not count; have one issued with it, or use a name in "
                + "the certificate as the address"
        case .wrongHost:
            "\(peer) shows a certificate for another name; use a name in its subjectAltName as the address, "
                + "or have one issued for this name"
        case .clientCertificateRequired:
            "\(peer) wants a certificate of ours; give tls.cert_file and tls.key_file"
        case .clientCertificateRefused:
            "\(peer) does not accept our certificate, or the lack of one; check tls.cert_file, its validity, "
                + "and that the receiver trusts its issuer"
        case .notTLS: "\(peer) does not speak TLS on this port; use its TLS port, or a transport without TLS"
        case .noCommonTLS:
            "\(peer) and this program have no TLS version or cipher in common, or it wants a certificate of ours; "
                + "TLS 1.2 or later is needed there, and `spool doctor` tells which it is"
        case .closedInHandshake:
            "\(peer) ended the connection during the TLS handshake: it may not speak TLS on this port, or want a "
                + "certificate of ours (tls.cert_file); look into the receiver's log"
        case .unreadableFile:
            "\(peer): a certificate or key file cannot be read; check tls.ca_file, cert_file and key_file"
        case .noRoots:
            "\(peer): this machine has no CA certificates to check a certificate by; install the package "
                + "ca-certificates, or give the issuing CA as tls.ca_file, which is enough alone"
        case .tls(let reason):
            "\(peer): TLS failed\(reason.isEmpty ? "" : " (\(reason))"); look into the receiver's log"
        default: nil
        }
    }
}
