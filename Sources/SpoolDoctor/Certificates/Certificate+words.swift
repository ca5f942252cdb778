import Foundation
import SpoolCore
import SwiftASN1
import X509

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
