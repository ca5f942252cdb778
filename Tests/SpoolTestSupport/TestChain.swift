import Foundation

/// A chain of three certificates for TLS tests, with the names of real authorities: a root, an issuing
/// authority, and a server.
///
/// The server's certificate contains the address of its issuer's certificate, as Microsoft's do.
package struct TestChain: Sendable {
    package static let rootName = "DigiCert Global Root G2"
    package static let issuingName = "Microsoft Azure RSA TLS Issuing CA 03"
    package static let issuingAddress =
        "http://www.microsoft.com/pkiops/certs/Microsoft%20Azure%20RSA%20TLS%20Issuing%20CA%2003%20-%20xsign.crt"

    /// PEM files of the three, without their chains.
    package let rootFile: String
    package let issuingFile: String
    package let server: TestCertificates.Pair
    /// The server's certificate followed by its issuer's.
    package let wholeFile: String
    /// The root in DER form.
    package let rootDERFile: String

    /// Creates them; `host` is a DNS name in addition to `localhost` and the loopback addresses.
    package init(in folder: TemporaryFolder, host: String = "localhost") async throws {
        let openssl = OpenSSL(folder: folder)
        try folder.write(Self.settings(host), to: "chain.cnf")
        func request(_ name: String, _ subject: String) async throws {
            try await openssl.run(
                ["req", "-new", "-config", "chain.cnf", "-subj", subject]
                    + ["-keyout", "\(name).key", "-out", "\(name).csr"] + OpenSSL.newKey
            )
        }
        func sign(_ name: String, by issuer: String, _ section: String) async throws {
            try await openssl.run(
                ["x509", "-req", "-in", "\(name).csr", "-CA", "\(issuer).pem", "-CAkey", "\(issuer).key"]
                    + ["-CAcreateserial", "-extfile", "chain.cnf", "-extensions", section, "-days", "365"]
                    + ["-sha256", "-out", "\(name).pem"]
            )
        }
        try await openssl.run(
            ["req", "-x509", "-config", "chain.cnf", "-extensions", "authority", "-days", "3650"]
                + ["-subj", "/O=DigiCert Inc/CN=\(Self.rootName)", "-keyout", "root.key", "-out", "root.pem"]
                + OpenSSL.newKey
        )
        try await openssl.run(["x509", "-in", "root.pem", "-outform", "DER", "-out", "root.der"])
        try await request("issuing", "/O=Microsoft Corporation/CN=\(Self.issuingName)")
        try await sign("issuing", by: "root", "authority")
        try await request("chained", "/CN=\(host)")
        try await sign("chained", by: "issuing", "server")
        rootFile = folder.path("root.pem")
        rootDERFile = folder.path("root.der")
        issuingFile = folder.path("issuing.pem")
        server = openssl.pair("chained")
        wholeFile = try folder.write(
            try folder.read("chained.pem") + folder.read("issuing.pem"),
            to: "chained-whole.pem"
        )
    }

    private static func settings(_ host: String) -> String {
        """
        [req]
        distinguished_name = name
        prompt = no
        [name]
        CN = spool
        [authority]
        basicConstraints = critical, CA:TRUE
        keyUsage = critical, keyCertSign, cRLSign
        subjectKeyIdentifier = hash
        [server]
        basicConstraints = CA:FALSE
        keyUsage = digitalSignature
        extendedKeyUsage = serverAuth
        authorityInfoAccess = caIssuers;URI:\(issuingAddress)
        subjectAltName = DNS:\(host), DNS:*.\(host), DNS:localhost, IP:127.0.0.1, IP:::1

        """
    }
}
