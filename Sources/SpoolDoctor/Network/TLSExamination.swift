import SpoolCore
import SpoolNetwork

/// Examines TLS: version, chain, host and client certificate.
struct TLSExamination {
    let peer: PeerExamination
    let settings: TLSSettings
    let way: Route

    private var host: String { way.endpoint.description }

    func run() async -> [Finding] { await findings(after: greeting()) }

    /// The first handshake, which accepts any certificate and records the chain.
    ///
    /// Its greeting is small, because the port may be one for plain lines.
    func greeting() async -> Handshake { await TLSProbe(way, settings).handshake(.recordingChain) }

    /// All findings; if the first handshake was answered, a second one follows, made as the daemon makes it.
    func findings(after greeting: Handshake) async -> [Finding] {
        if greeting.failure == .timedOut, greeting.wasConnected { return [silent()] }
        var seen = await TLSProbe(way, settings).handshake(.asConfigured)
        if seen.isRefusedForCertificate { seen.failure = .clientCertificateRefused }
        switch seen.failure {
        case .none, .untrustedCertificate, .wrongHost, .clientCertificateRequired, .clientCertificateRefused:
            return version(seen) + [certificate(seen, recorded: greeting)]
                + [ours(seen), key()].compactMap { $0 }
        case .noCommonTLS?, .closedInHandshake?, .reset?, .tls?: return [await version(refused: seen)]
        case .timedOut? where seen.wasConnected: return [silent()]
        case .some(let cause):
            return [peer.problem("TLS", did: "started a TLS handshake with \(host)", cause)]
        }
    }

    private func version(_ seen: Handshake) -> [Finding] {
        guard let version = seen.version else { return [] }
        return [
            peer.finding(
                "TLS version",
                .ok,
                did: "negotiated TLS 1.2 or newer with \(host)",
                found: "\(version) was negotiated"
            )
        ]
    }

    /// Examines a handshake that failed before any certificate, possibly because of the TLS versions.
    private func version(refused seen: Handshake) async -> Finding {
        let old = await TLSProbe(way, settings).handshake(.belowTLS12)
        let did = "tried a handshake with TLS 1.2 and 1.3, then one with TLS 1.0 and 1.1"
        if !old.chain.isEmpty, let version = old.version {
            return peer.finding(
                "TLS version",
                .problem,
                did: did,
                found: "\(host) supports \(version) at most; spool requires TLS 1.2 or newer",
                remedy:
                    "Enable TLS 1.2 or 1.3 at \(host) (or at the proxy in front of it): TLS 1.0 and 1.1 are "
                    + "deprecated (RFC 8996), and spool has no setting to allow them."
            )
        }
        return peer.problem("TLS", did: did, seen.failure ?? .closedInHandshake)
    }

    private func silent() -> Finding {
        peer.finding(
            "protocol",
            .problem,
            did: "started a TLS handshake with \(host) and waited \(Age.text(way.timeout))",
            found:
                "\(host) accepts the connection but never answers the handshake: it probably expects plain "
                + "lines",
            remedy: "Use the receiver's TLS port, or set `transport: tcp` for this sink."
        )
    }

    private func certificate(_ seen: Handshake, recorded: Handshake) -> Finding {
        let did = "read the certificates that \(host) presents, without trusting them"
        let isAccepted = seen.failure != .untrustedCertificate && seen.failure != .wrongHost
        if recorded.chain.isEmpty, let cause = recorded.failure {
            return peer.problem("certificate", did: did, cause)
        }
        let trusted: TrustStore
        do {
            trusted = TrustStore(try TrustedRoots(settings))
        } catch {
            return peer.finding(
                "certificate",
                .problem,
                did: did,
                found: "\(error)",
                remedy: "Correct `tls.ca_file`."
            )
        }
        if trusted.systemFile == nil, !isAccepted {
            return peer.finding(
                "certificate",
                .problem,
                did: did,
                found:
                    "this machine has no root certificates: none of "
                    + "\(TrustedRoots.systemFiles.joined(separator: ", ")) can be read",
                remedy: "Install the system's root certificates: apt install ca-certificates."
            )
        }
        let now = peer.now()
        let chain = recorded.chain.compactMap(TrustStore.certificate)
        let reading = ChainParser(chain, host: way.endpoint.host, trusted: trusted, at: now)
        let verdict = ChainVerdict(reading, isAccepted: isAccepted, peer: host, at: now)
        return peer.finding(
            "certificate",
            verdict.verdict,
            did: did,
            found: verdict.found,
            remedy: verdict.remedy
        )
    }

    /// A warning for a private key that every user can read; nil otherwise.
    private func key() -> Finding? {
        guard let file = settings.keyFile, FileAccess(file)?.isReadableByOthers == true else { return nil }
        return peer.finding(
            "key",
            .warning,
            did: "checked the permissions of \(file)",
            found: "every user can read \(file) and connect to \(host) as spool",
            remedy: "chmod o-r \(file)"
        )
    }

    /// The peer's reaction to the client certificate; nil when it requests none and none is configured.
    private func ours(_ seen: Handshake) -> Finding? {
        let did = "noted whether \(host) requests a client certificate"
        let refusal = seen.failure == .clientCertificateRequired || seen.failure == .clientCertificateRefused
        if refusal {
            return peer.finding(
                "client certificate",
                .problem,
                did: did,
                found: settings.certFile == nil
                    ? "\(host) requires a client certificate, and none is configured"
                    : "\(host) rejected the certificate of `tls.cert_file`",
                remedy: settings.certFile == nil
                    ? "Get a certificate issued by an authority that the receiver trusts, and set "
                        + "`tls.cert_file` and `tls.key_file`."
                    : "Check its validity and purpose (client authentication), and that the receiver trusts "
                        + "its issuer; the receiver's log shows the reason."
            )
        }
        guard seen.failure == nil else { return nil }
        if seen.asksForCertificate {
            return peer.finding(
                "client certificate",
                .ok,
                did: did,
                found: settings.certFile == nil
                    ? "it requests one and accepts connections without it"
                    : "it requests one and accepts the configured one"
            )
        }
        guard settings.certFile != nil else { return nil }
        return peer.finding(
            "client certificate",
            .ok,
            did: did,
            found: "it does not request one: the certificate of `tls.cert_file` is not used"
        )
    }
}

extension Handshake {
    /// True when the failure may be due to the client certificate.
    ///
    /// Before TLS 1.3 a peer that rejects the client certificate, or its absence, may abort the handshake
    /// without giving the reason (RFC 5246 §7.4.6: `handshake_failure`).
    fileprivate var isRefusedForCertificate: Bool {
        guard asksForCertificate else { return false }
        switch failure {
        case .noCommonTLS?, .closedInHandshake?, .reset?, .tls?: return true
        default: return false
        }
    }
}
