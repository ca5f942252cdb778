import Crypto
package import Foundation
import SwiftASN1
import X509

/// A self-signed certificate, valid for one month, for trying out a listener without an authority.
///
/// Clients trust it by using it as their authority (`tls.ca_file`).
package struct SelfMadeCertificate: Sendable {
    /// The certificate without the key, to be given to senders.
    package let certificatePEM: String
    /// SHA-256 of the certificate, as `openssl x509 -fingerprint` shows it.
    package let fingerprint: String
    let keyPEM: String

    /// Generates a key and a certificate for these names and addresses.
    package init(for hosts: [String], now: Date) throws {
        let key = P256.Signing.PrivateKey()
        let name = try DistinguishedName { CommonName("spool listen") }
        let certificate = try Certificate(
            version: .v3,
            serialNumber: Certificate.SerialNumber(),
            publicKey: Certificate.PublicKey(key.publicKey),
            // A sender's clock may be slightly behind.
            notValidBefore: now.addingTimeInterval(-3_600),
            notValidAfter: now.addingTimeInterval(30 * 86_400),
            issuer: name,
            subject: name,
            signatureAlgorithm: .ecdsaWithSHA256,
            extensions: try Certificate.Extensions {
                // GnuTLS accepts nothing else as an authority.
                Critical(BasicConstraints.isCertificateAuthority(maxPathLength: 0))
                Critical(KeyUsage(digitalSignature: true, keyCertSign: true))
                try ExtendedKeyUsage([.serverAuth])
                SubjectAlternativeNames(hosts.map(Self.name))
            },
            issuerPrivateKey: Certificate.PrivateKey(key)
        )
        let document = try certificate.serializeAsPEM()
        certificatePEM = document.pemString + "\n"
        keyPEM = key.pemRepresentation
        fingerprint = SHA256.hash(data: document.derBytes).map { byte in
            let digits = String(byte, radix: 16, uppercase: true)
            return digits.count == 1 ? "0" + digits : digits
        }
        .joined(separator: ":")
    }

    private static func name(_ host: String) -> GeneralName {
        var (four, six) = ([UInt8](repeating: 0, count: 4), [UInt8](repeating: 0, count: 16))
        // RFC 5280 §4.2.1.6: the octets of the address in network order, as inet_pton writes them.
        if inet_pton(AF_INET, host, &four) == 1 { return address(four) }
        if inet_pton(AF_INET6, host, &six) == 1 { return address(six) }
        return .dnsName(host)
    }

    private static func address(_ octets: [UInt8]) -> GeneralName {
        .ipAddress(ASN1OctetString(contentBytes: octets[...]))
    }
}
