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

/// The certificate authorities of Microsoft's services that operators have had to install manually.
enum KnownAuthorities {
    /// An issuing authority from the old agent's run-book, "Issue with new versions of Java".
    struct Issuing: Sendable, Equatable {
        let name: String
        /// The last day on which its certificate is valid.
        let until: String

        /// The address of its certificate (learn.microsoft.com/defender-cloud-apps/troubleshooting-siem).
        var address: String {
            let path = name.replacing(" ", with: "%20")
            return "https://www.microsoft.com/pkiops/certs/\(path)%20-%20xsign.crt"
        }
    }

    /// The eight authorities in the order of their numbers; each is signed by `root`.
    ///
    /// Validity: learn.microsoft.com/azure/security/fundamentals/azure-certificate-authority-details and the
    /// certificates themselves.
    static let runBook: [Issuing] =
        ["01", "02", "05", "06"].map {
            Issuing(name: "Microsoft Azure TLS Issuing CA \($0)", until: "2024-06-27")
        }
        + ["03", "04", "07", "08"].map {
            Issuing(name: "Microsoft Azure RSA TLS Issuing CA \($0)", until: "2026-08-25")
        }

    /// The root that signed all eight authorities and signs their successors.
    static let root = "DigiCert Global Root G2"
    static let rootAddress = "https://cacerts.digicert.com/DigiCertGlobalRootG2.crt"
    /// Microsoft's list of all roots and issuing authorities in use today.
    static let list =
        "https://learn.microsoft.com/azure/security/fundamentals/azure-certificate-authority-details"

    private static let domains = [
        "cloudappsecurity.com", "cloudappsecurity.us", "microsoftonline.com", "microsoftonline.us",
        "microsoft.com",
    ]
    private static let organizations = ["Microsoft Corporation", "DigiCert Inc", "DigiCert, Inc."]

    /// True for a host whose genuine certificate is issued by Microsoft or DigiCert.
    static func isServed(_ host: String) -> Bool {
        domains.contains { host == $0 || host.hasSuffix(".\($0)") }
    }

    /// True when the certificate names Microsoft or DigiCert as its issuer.
    static func hasIssued(_ certificate: Certificate) -> Bool {
        certificate.issuer.organization.map(organizations.contains) ?? false
    }
}
