import SpoolNetwork
import SwiftASN1
import X509

/// The certificates that are trusted for a connection, in a form that can be examined.
struct TrustStore {
    /// The system's roots and the certificates from `tls.ca_file`.
    let certificates: [Certificate]
    /// The certificates from `tls.ca_file`.
    let added: [Certificate]
    /// The system's certificate file; nil on a machine without certificates.
    let systemFile: String?

    init(_ roots: TrustedRoots) {
        added = roots.added.compactMap(Self.certificate)
        certificates = roots.system.compactMap(Self.certificate) + added
        systemFile = roots.systemFile
    }

    init(certificates: [Certificate], added: [Certificate] = [], systemFile: String? = nil) {
        self.certificates = certificates + added
        self.added = added
        self.systemFile = systemFile
    }

    /// Parses a certificate; nil if the library does not support it.
    static func certificate(_ bytes: [UInt8]) -> Certificate? { try? Certificate(derEncoded: bytes) }

    /// A trusted certificate that signed `certificate`; roots take precedence over issuing authorities.
    func issuer(of certificate: Certificate) -> Certificate? {
        let found = certificates.filter { $0.hasSigned(certificate) }
        return found.first(where: \.isSelfSigned) ?? found.first
    }

    /// True when a root of this name is trusted.
    func hasRoot(named name: String) -> Bool {
        certificates.contains { $0.subject.words == name && $0.isSelfSigned }
    }

    func contains(_ certificate: Certificate) -> Bool { certificates.contains(certificate) }
}
