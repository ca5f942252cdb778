import X509

/// The authorities behind Microsoft's services, as far as people have had to install them by hand.
enum KnownAuthorities {
    /// An issuing authority of the old agent's run-book, "Issue with new versions of Java".
    struct Issuing: Sendable, Equatable {
        let name: String
        /// Its certificate's last day.
        let until: String

        /// Where its certificate is to be had (learn.microsoft.com/defender-cloud-apps/troubleshooting-siem).
        var address: String {
            let path = name.replacing(" ", with: "%20")
            return "https://www.microsoft.com/pkiops/certs/\(path)%20-%20xsign.crt"
        }
    }

    /// The eight, in the order of their numbers; each signed by `root`.
    ///
    /// Validity: learn.microsoft.com/azure/security/fundamentals/azure-ca-details and the certificates themselves.
    static let runBook: [Issuing] =
        ["01", "02", "05", "06"].map {
            Issuing(name: "Microsoft Azure TLS Issuing CA \($0)", until: "2024-06-27")
        }
        + ["03", "04", "07", "08"].map {
            Issuing(name: "Microsoft Azure RSA TLS Issuing CA \($0)", until: "2026-08-25")
        }

    /// The root that signed all eight, and signs what replaces them.
    static let root = "DigiCert Global Root G2"
    static let rootAddress = "https://cacerts.digicert.com/DigiCertGlobalRootG2.crt"
    /// Where Microsoft lists every root and issuing authority it uses today.
    static let list = "https://learn.microsoft.com/azure/security/fundamentals/azure-ca-details"

    private static let domains = [
        "cloudappsecurity.com", "cloudappsecurity.us", "microsoftonline.com", "microsoftonline.us",
        "microsoft.com",
    ]
    private static let organizations = ["Microsoft Corporation", "DigiCert Inc", "DigiCert, Inc."]

    /// True for a host whose genuine certificate comes from Microsoft or DigiCert.
    static func isServed(_ host: String) -> Bool {
        domains.contains { host == $0 || host.hasSuffix(".\($0)") }
    }

    /// True when a certificate was issued by Microsoft or DigiCert, by its own words.
    static func hasIssued(_ certificate: Certificate) -> Bool {
        certificate.issuer.organization.map(organizations.contains) ?? false
    }
}
