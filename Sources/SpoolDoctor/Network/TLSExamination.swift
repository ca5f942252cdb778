import SpoolCore
import SpoolNetwork

/// Examines TLS: version, chain, host, and certificates of ours.
struct TLSExamination {
    let peer: PeerExamination
    let settings: TLSSettings
    let way: Way

    private var host: String { way.endpoint.description }

    func run() async -> [Finding] { await findings(after: greeting()) }

    /// A first handshake, which takes any certificate: small, since it may meet a port for plain lines, and read for its
    /// certificates.
    func greeting() async -> Handshake { await TLSProbe(way, settings).handshake(.recordingChain) }

    /// All findings; a second handshake, as the daemon makes it, follows if the first was answered.
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
        case .some(let cause): return [peer.problem("TLS", did: "began a TLS handshake with \(host)", cause)]
        }
    }

    private func version(_ seen: Handshake) -> [Finding] {
        guard let version = seen.version else { return [] }
        return [
            peer.finding(
                "TLS version",
                .ok,
                did: "shook hands with \(host), TLS 1.2 at least",
                found: "\(version) is agreed on"
            )
        ]
    }

    /// A handshake that failed before any certificate: perhaps for its versions.
    private func version(refused seen: Handshake) async -> Finding {
        let old = await TLSProbe(way, settings).handshake(.belowTLS12)
        let did = "began a handshake with TLS 1.2 and 1.3, then one with TLS 1.0 and 1.1"
        if !old.chain.isEmpty, let version = old.version {
            return peer.finding(
                "TLS version",
                .problem,
                did: did,
                found: "\(host) speaks \(version) at most; this program needs TLS 1.2 or newer",
                remedy:
                    "Switch on TLS 1.2 or 1.3 at \(host) (or at the proxy before it): TLS 1.0 and 1.1 are withdrawn "
                    + "(RFC 8996), and there is no setting here to allow them."
            )
        }
        return peer.problem("TLS", did: did, seen.failure ?? .closedInHandshake)
    }

    private func silent() -> Finding {
        peer.finding(
            "protocol",
            .problem,
            did: "began a TLS handshake with \(host) and waited \(Age.text(way.patience))",
            found:
                "\(host) takes the connection and never answers the handshake: it probably expects plain lines",
            remedy: "Use the receiver's TLS port, or set `transport: tcp` for this sink."
        )
    }

    private func certificate(_ seen: Handshake, recorded: Handshake) -> Finding {
        let did = "read the certificates that \(host) shows, without trusting them"
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
                remedy: "Put `tls.ca_file` right."
            )
        }
        if trusted.systemFile == nil, !isAccepted {
            return peer.finding(
                "certificate",
                .problem,
                did: did,
                found:
                    "this machine has no roots at all: none of \(TrustedRoots.systemFiles.joined(separator: ", "))",
                remedy: "Install the system's roots: apt install ca-certificates."
            )
        }
        let now = peer.now()
        let chain = recorded.chain.compactMap(TrustStore.certificate)
        let reading = ChainReading(chain, host: way.endpoint.host, trusted: trusted, at: now)
        let verdict = ChainVerdict(reading, isAccepted: isAccepted, peer: host, at: now)
        return peer.finding(
            "certificate",
            verdict.verdict,
            did: did,
            found: verdict.found,
            remedy: verdict.remedy
        )
    }

    /// A key that everybody may read is everybody's; nil for one that is kept.
    private func key() -> Finding? {
        guard let file = settings.keyFile, FileAccess(file)?.isReadableByOthers == true else { return nil }
        return peer.finding(
            "key",
            .warning,
            did: "looked at the permissions of \(file)",
            found: "every user may read \(file), and connect to \(host) in this program's name",
            remedy: "chmod o-r \(file)"
        )
    }

    /// What the peer thinks of a certificate of ours; nil when it wants none and we have none.
    private func ours(_ seen: Handshake) -> Finding? {
        let did = "noted whether \(host) asks for a certificate of ours"
        let refusal = seen.failure == .clientCertificateRequired || seen.failure == .clientCertificateRefused
        if refusal {
            return peer.finding(
                "client certificate",
                .problem,
                did: did,
                found: settings.certFile == nil
                    ? "\(host) wants a certificate of ours, and there is none in the configuration"
                    : "\(host) does not accept the certificate of `tls.cert_file`",
                remedy: settings.certFile == nil
                    ? "Have one issued by an authority the receiver trusts, and name it as `tls.cert_file` and "
                        + "`tls.key_file`."
                    : "Check its validity and purpose (a client's), and that the receiver trusts its issuer; the "
                        + "receiver's log has the reason."
            )
        }
        guard seen.failure == nil else { return nil }
        if seen.asksForCertificate {
            return peer.finding(
                "client certificate",
                .ok,
                did: did,
                found: settings.certFile == nil
                    ? "it asks for one and takes the connection without" : "it asks for one and takes ours"
            )
        }
        guard settings.certFile != nil else { return nil }
        return peer.finding(
            "client certificate",
            .ok,
            did: did,
            found: "it does not ask: the certificate of `tls.cert_file` is not used"
        )
    }
}

extension Handshake {
    /// Before TLS 1.3 a peer that does not like our certificate, or its lack, may break the handshake off without
    /// saying so (RFC 5246 §7.4.6: `handshake_failure`).
    fileprivate var isRefusedForCertificate: Bool {
        guard asksForCertificate else { return false }
        switch failure {
        case .noCommonTLS?, .closedInHandshake?, .reset?, .tls?: return true
        default: return false
        }
    }
}
