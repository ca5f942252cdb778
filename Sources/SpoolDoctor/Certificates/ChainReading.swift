import SpoolCore
import X509

/// Why the certificates that a peer shows are trusted, or are not.
struct ChainReading: Equatable {
    /// What is wrong with a chain.
    enum Fault: Equatable {
        /// Its time begins or is over only by this machine's clock.
        case notYetValid(name: String, from: Timestamp)
        case expired(name: String, at: Timestamp)
        /// The peer's certificate is made out to other hosts.
        case wrongHost(names: [String])
        /// Nobody but itself vouches for the peer.
        case selfSigned(name: String)
        /// The chain is whole, and its root is not trusted here.
        case unknownRoot(name: String)
        /// The peer does not send the issuer of one of its certificates, and it is not known here either.
        case missingIssuer(name: String, of: String, addresses: [String], isOfPeer: Bool)
        /// `tls.ca_file` holds an issuing authority, whose own issuer is not trusted: a chain has to end at a root.
        case rootlessAuthority(name: String, issuer: String, addresses: [String])
    }

    /// The names from the peer up to the last one known.
    let path: [String]
    let faults: [Fault]
    /// The authority at the chain's upper end is neither Microsoft's nor DigiCert's, though the host is Microsoft's.
    let inspector: String?
    /// The end of the peer's own certificate.
    let until: Timestamp?

    /// Reads a chain as the peer sends it, its own certificate first.
    init(_ chain: [Certificate], host: String, trusted: TrustStore, at now: Timestamp) {
        guard let leaf = chain.first else {
            self.init(path: [], faults: [], inspector: nil, until: nil)
            return
        }
        var path = [leaf]
        var faults: [Fault] = []
        var last = leaf
        // A chain of more links than certificates would go in a circle.
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
