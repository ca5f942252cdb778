import SpoolNetwork
import SwiftASN1
import X509

/// What is trusted for a connection, readable.
struct TrustStore {
    /// Roots of the system, and what `tls.ca_file` adds.
    let certificates: [Certificate]
    /// What `tls.ca_file` adds.
    let added: [Certificate]
    /// The system's file; nil on a machine without certificates.
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

    /// Reads a certificate; nil for one that this library does not understand.
    static func certificate(_ bytes: [UInt8]) -> Certificate? { try? Certificate(derEncoded: bytes) }

    /// A trusted certificate that has signed another, a root before an issuing authority.
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
