import Foundation
import SpoolCore
import SwiftASN1
import X509

/// Describes a chain to the operator: what was found, and what to do.
struct ChainVerdict {
    /// A certificate that expires within this time causes a warning.
    static let notice = Duration.days(14)

    let verdict: Finding.Verdict
    let found: String
    let remedy: String?

    /// - Parameters:
    /// - Parameters:
    ///   - reading: The chain.
    ///   - isAccepted: Whether TLS accepts the chain. TLS decides; the reading only explains.
    ///   - peer: `host:port`.
    ///   - now: This machine's time.
    init(_ reading: ChainParser, isAccepted: Bool, peer: String, at now: Timestamp) {
        let path = reading.path.map { "\"\($0)\"" }.joined(separator: ", issued by ")
        let proxy = reading.inspector.map {
            "; \"\($0)\" is neither Microsoft nor DigiCert: probably a proxy that inspects TLS on the way"
        }
        guard !isAccepted else {
            let left = reading.until.map { $0.since(now) }
            let isShort = left.map { $0 < Self.notice } ?? false
            verdict = isShort ? .warning : .ok
            let end = reading.until.map { "valid until \($0)" } ?? "trusted"
            found =
                "\(path), \(end)\(isShort ? ", which is in \(Age.text(left ?? .zero))" : "")\(proxy ?? "")"
            remedy =
                isShort
                ? "Renew the certificate of \(peer) before then: clients connecting after that date will be "
                    + "refused."
                : nil
            return
        }
        verdict = .problem
        let faults = reading.faults.map(Self.words)
        if faults.isEmpty {
            found =
                "\(path): TLS rejects this chain for a reason that its certificates do not show\(proxy ?? "")"
            remedy =
                "Check the certificates of \(peer): their purpose (server authentication), the constraints "
                + "of their authorities, and their keys and signatures (RSA of 2,048 bits or more, SHA-256)."
            return
        }
        found = faults.map(\.found).joined(separator: "; ") + (proxy ?? "")
        let remedies =
            reading.inspector.map { [Self.inspectionRemedy($0)] } ?? faults.map { $0.remedy(peer) }
        remedy = remedies.joined(separator: " ")
    }

    private struct Words {
        let found: String
        let remedy: (String) -> String
    }

    private static func words(_ fault: ChainParser.Fault) -> Words {
        switch fault {
        case .notYetValid(let name, let from):
            Words(found: "\"\(name)\" is not valid before \(from), according to this machine's clock") {
                peer in
                "Set this machine's clock (see \"clock\"); if it is correct, replace the certificate of "
                    + "\(peer)."
            }
        case .expired(let name, let end):
            Words(found: "\"\(name)\" expired at \(end)") { peer in
                "Renew the certificate of \(peer); if it is new, check this machine's clock."
            }
        case .wrongHost(let names):
            Words(
                found: "the certificate is issued for "
                    + (names.isEmpty ? "no host" : names.joined(separator: ", "))
            ) { peer in
                "Use one of these names as the address instead of \(peer), or have a certificate issued for "
                    + "it; a name only in the certificate's common name does not count."
            }
        case .selfSigned(let name):
            Words(found: "\"\(name)\" is self-signed and not trusted here") { peer in
                "Save that certificate (openssl s_client -connect \(peer) -showcerts), compare its "
                    + "fingerprint with the owner of \(peer), and set `tls.ca_file` to its file."
            }
        case .unknownRoot(let name):
            Words(found: "the chain ends at \"\(name)\", which is not trusted here") { _ in
                authority(name, [])
            }
        case .missingIssuer(let name, let subject, let addresses, let isOfPeer):
            missing(name, of: subject, addresses, isOfPeer: isOfPeer)
        case .rootlessAuthority(let name, let issuer, let addresses):
            Words(
                found:
                    "`tls.ca_file` contains \"\(name)\", but not its own issuer \"\(issuer)\": a chain has "
                    + "to end at a root"
            ) { _ in authority(issuer, addresses) }
        }
    }

    private static func missing(
        _ name: String,
        of subject: String,
        _ addresses: [String],
        isOfPeer: Bool
    ) -> Words {
        let what =
            "the issuing CA \"\(name)\" of \"\(subject)\" is neither sent by the server nor trusted here"
        return Words(
            found: isOfPeer && !addresses.isEmpty
                ? what + ": the server omits its intermediate certificate" : what
        ) { peer in
            let get = authority(name, addresses)
            return isOfPeer && !addresses.isEmpty
                ? "Ask the owner of \(peer) to send the complete chain. Until then: " + get : get
        }
    }

    /// Where to get a certificate, and where to put it.
    private static func authority(_ name: String, _ addresses: [String]) -> String {
        let known = KnownAuthorities.runBook.first { $0.name == name }.map(\.address)
        let root = name == KnownAuthorities.root ? KnownAuthorities.rootAddress : nil
        let place =
            addresses.first ?? known ?? root
            ?? (name.hasPrefix("Microsoft") || name.hasPrefix("DigiCert") ? KnownAuthorities.list : nil)
        let source =
            place.map { "Get \"\(name)\" from \($0)" }
            ?? "Get \"\(name)\" from the operator of that authority"
        return source
            + ", and set `tls.ca_file` to the file (PEM or DER), or to a folder that contains it. To trust "
            + "it in all programs on this machine, copy it in PEM form to "
            + "/usr/local/share/ca-certificates/NAME.crt and run update-ca-certificates."
    }

    private static func inspectionRemedy(_ name: String) -> String {
        "Exempt this host from inspection, or get the root certificate \"\(name)\" from the operator of the "
            + "proxy and set `tls.ca_file` to its file."
    }
}

extension DistinguishedName {
    /// The name shown to people: the common name, or the whole name if there is none.
    var words: String { value(.RDNAttributeType.commonName) ?? String(describing: self) }

    /// The organization (`O`).
    var organization: String? { value(.RDNAttributeType.organizationName) }

    private func value(_ type: ASN1ObjectIdentifier) -> String? {
        for part in self {
            for attribute in part where attribute.type == type { return String(describing: attribute.value) }
        }
        return nil
    }
}

extension Certificate {
    /// True for a certificate that is its own issuer: the end of a chain.
    var isSelfSigned: Bool { issuer == subject && publicKey.isValidSignature(signature, for: self) }

    /// True when this certificate's key signed the other certificate.
    func hasSigned(_ other: Certificate) -> Bool {
        subject == other.issuer && publicKey.isValidSignature(other.signature, for: other)
    }

    /// The addresses of the issuer's certificate, as given in this certificate (RFC 5280 §4.2.2.1).
    var issuerAddresses: [String] {
        guard let access = try? extensions.authorityInformationAccess else { return [] }
        return access.compactMap { entry in
            guard entry.method == .issuingCA, case .uniformResourceIdentifier(let address) = entry.location
            else { return nil }
            return address
        }
    }

    /// The host names and addresses that the certificate is issued for.
    var hosts: [String] {
        guard let names = try? extensions.subjectAlternativeNames else { return [] }
        return names.compactMap { name in
            switch name {
            case .dnsName(let host): host
            case .ipAddress(let octets): Self.text(ofAddress: Array(octets.bytes))
            default: nil
            }
        }
    }

    /// True when the certificate is issued for `host` (RFC 6125 §6.4.3: `*` matches exactly the first label).
    func isMadeOut(to host: String) -> Bool {
        let host = Self.address(host).flatMap(Self.text(ofAddress:)) ?? host.lowercased()
        return hosts.contains { pattern in
            let pattern = pattern.lowercased()
            guard pattern.hasPrefix("*.") else { return pattern == host }
            return host.split(separator: ".", maxSplits: 1).last.map { "*.\($0)" } == pattern
        }
    }

    /// The first and the last moment at which the certificate is valid.
    var validity: (from: Timestamp, until: Timestamp) {
        (Self.timestamp(notValidBefore), Self.timestamp(notValidAfter))
    }

    private static func timestamp(_ date: Date) -> Timestamp {
        Timestamp(milliseconds: Int64(date.timeIntervalSince1970 * 1_000))
    }

    private static func address(_ text: String) -> [UInt8]? {
        var four = in_addr()
        if inet_pton(AF_INET, text, &four) == 1 { return withUnsafeBytes(of: &four) { Array($0) } }
        var six = in6_addr()
        if inet_pton(AF_INET6, text, &six) == 1 { return withUnsafeBytes(of: &six) { Array($0) } }
        return nil
    }

    private static func text(ofAddress bytes: [UInt8]) -> String? {
        let family = bytes.count == 4 ? AF_INET : AF_INET6
        guard bytes.count == 4 || bytes.count == 16 else { return nil }
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        guard inet_ntop(family, bytes, &text, socklen_t(text.count)) != nil else { return nil }
        return String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}
