import SpoolCore
import X509

/// Explains why the certificates of a peer are trusted or not.
struct ChainParser: Equatable {
    /// A problem of a chain.
    enum Fault: Equatable {
        /// The certificate is not yet valid, or has expired, according to this machine's clock.
        case notYetValid(name: String, from: Timestamp)
        case expired(name: String, at: Timestamp)
        /// The peer's certificate is issued for other hosts.
        case wrongHost(names: [String])
        /// The peer's certificate is self-signed.
        case selfSigned(name: String)
        /// The chain is complete, but its root is not trusted here.
        case unknownRoot(name: String)
        /// The issuer of a certificate is neither sent by the peer nor known here.
        case missingIssuer(name: String, of: String, addresses: [String], isOfPeer: Bool)
        /// `tls.ca_file` contains an issuing authority whose own issuer is not trusted.
        ///
        /// A chain has to end at a root.
        case rootlessAuthority(name: String, issuer: String, addresses: [String])
    }

    /// The names from the peer up to the last certificate that is known.
    let path: [String]
    let faults: [Fault]
    /// The top of a chain of a Microsoft host, if it is neither Microsoft's nor DigiCert's.
    let inspector: String?
    /// The end of validity of the peer's own certificate.
    let until: Timestamp?

    /// Examines a chain in the order in which the peer sends it, the peer's own certificate first.
    init(_ chain: [Certificate], host: String, trusted: TrustStore, at now: Timestamp) {
        guard let leaf = chain.first else {
            self.init(path: [], faults: [], inspector: nil, until: nil)
            return
        }
        var path = [leaf]
        var faults: [Fault] = []
        var last = leaf
        // A chain with more links than certificates would be a cycle.
        while path.count <= chain.count + trusted.added.count + 1, !last.isSelfSigned {
            guard let issuer = trusted.issuer(of: last) ?? chain.first(where: { $0.hasSigned(last) }) else {
                break
            }
            path.append(issuer)
            last = issuer
        }
        if !leaf.isMadeOut(to: host) { faults.append(.wrongHost(names: leaf.hosts)) }
        faults += path.compactMap { Self.fault(ofTime: $0, at: now) }
        if let fault = Self.fault(ofEnd: last, leaf: leaf, trusted) { faults.append(fault) }
        let isForeign = KnownAuthorities.isServed(host) && !path.contains(where: KnownAuthorities.hasIssued)
        self.init(
            path: path.map(\.subject.words),
            faults: faults,
            inspector: isForeign ? (last.isSelfSigned ? last.subject : last.issuer).words : nil,
            until: leaf.validity.until
        )
    }

    private init(path: [String], faults: [Fault], inspector: String?, until: Timestamp?) {
        self.path = path
        self.faults = faults
        self.inspector = inspector
        self.until = until
    }

    private static func fault(ofTime certificate: Certificate, at now: Timestamp) -> Fault? {
        let (from, until) = certificate.validity
        if now < from { return .notYetValid(name: certificate.subject.words, from: from) }
        if now > until { return .expired(name: certificate.subject.words, at: until) }
        return nil
    }

    private static func fault(ofEnd last: Certificate, leaf: Certificate, _ trusted: TrustStore) -> Fault? {
        if last.isSelfSigned {
            if trusted.contains(last) { return nil }
            return last == leaf
                ? .selfSigned(name: last.subject.words) : .unknownRoot(name: last.subject.words)
        }
        if trusted.contains(last) {
            return .rootlessAuthority(
                name: last.subject.words,
                issuer: last.issuer.words,
                addresses: last.issuerAddresses
            )
        }
        return .missingIssuer(
            name: last.issuer.words,
            of: last.subject.words,
            addresses: last.issuerAddresses,
            isOfPeer: last == leaf
        )
    }
}
