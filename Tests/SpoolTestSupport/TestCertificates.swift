import Foundation

/// Certificates for TLS tests, created by `openssl` in a folder.
///
/// One authority signs all except `stranger`. Keys are P-256, unencrypted PEM.
package struct TestCertificates: Sendable {
    /// A certificate and its key, as paths of PEM files.
    package struct Pair: Sendable {
        package let certFile: String
        package let keyFile: String
    }

    /// The authority's certificate.
    package let caFile: String
    /// For `localhost`, `127.0.0.1` and `::1`.
    package let server: Pair
    /// Like `server`, but expired.
    package let expired: Pair
    /// For `other.example` only.
    package let wrongHost: Pair
    /// A client's, `CN=spool client`.
    package let client: Pair
    /// For `localhost` like `server`, but self-signed.
    package let stranger: Pair

    /// Creates all certificates.
    package init(in folder: TemporaryFolder) async throws {
        let openssl = OpenSSL(folder: folder)
        try openssl.prepare()
        try await openssl.makeAuthority()
        caFile = folder.path("ca.pem")
        server = try await openssl.makeLeaf("server", subject: "/CN=localhost", section: "server")
        expired = try await openssl.makeLeaf(
            "expired",
            subject: "/CN=localhost",
            section: "server",
            validity: ("20200101000000Z", "20200201000000Z")
        )
        wrongHost = try await openssl.makeLeaf("wrong-host", subject: "/CN=other.example", section: "other")
        client = try await openssl.makeLeaf("client", subject: "/CN=spool client", section: "client")
        stranger = try await openssl.makeSelfSigned("stranger", subject: "/CN=localhost", section: "server")
    }
}

struct OpenSSL {
    let folder: TemporaryFolder

    func prepare() throws {
        try folder.write(Self.settings(folder.path), to: "openssl.cnf")
        try folder.write("", to: "index.txt")
        try folder.write("unique_subject = no\n", to: "index.txt.attr")
        try folder.write("01\n", to: "serial")
    }

    func makeAuthority() async throws {
        try await run(
            ["req", "-x509", "-config", "openssl.cnf", "-extensions", "authority", "-days", "3650"]
                + ["-subj", "/CN=spool test authority", "-keyout", "ca.key", "-out", "ca.pem"] + Self.newKey
        )
    }

    func makeLeaf(
        _ name: String,
        subject: String,
        section: String,
        validity: (from: String, to: String)? = nil
    ) async throws -> TestCertificates.Pair {
        try await run(
            ["req", "-new", "-config", "openssl.cnf", "-subj", subject]
                + ["-keyout", "\(name).key", "-out", "\(name).csr"] + Self.newKey
        )
        let time = validity.map { ["-startdate", $0.from, "-enddate", $0.to] } ?? ["-days", "3650"]
        try await run(
            ["ca", "-batch", "-notext", "-config", "openssl.cnf", "-extensions", section]
                + ["-in", "\(name).csr", "-out", "\(name).pem"] + time
        )
        return pair(name)
    }

    func makeSelfSigned(_ name: String, subject: String, section: String) async throws
        -> TestCertificates.Pair
    {
        try await run(
            ["req", "-x509", "-config", "openssl.cnf", "-extensions", section, "-days", "3650"]
                + ["-subj", subject, "-keyout", "\(name).key", "-out", "\(name).pem"] + Self.newKey
        )
        return pair(name)
    }

    func pair(_ name: String) -> TestCertificates.Pair {
        TestCertificates.Pair(certFile: folder.path("\(name).pem"), keyFile: folder.path("\(name).key"))
    }

    func run(_ arguments: [String]) async throws {
        let ended = try await Tool.run("openssl", arguments, in: folder.path)
        guard ended.code == 0 else {
            throw OpenSSLFailure(description: "openssl \(arguments[0]) failed: \(ended.errors)")
        }
    }

    static let newKey = [
        "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-sha256",
    ]

    private static func settings(_ folder: String) -> String {
        """
        [req]
        distinguished_name = name
        prompt = no
        [name]
        CN = spool
        [ca]
        default_ca = authority_files
        [authority_files]
        database = \(folder)/index.txt
        serial = \(folder)/serial
        new_certs_dir = \(folder)
        certificate = \(folder)/ca.pem
        private_key = \(folder)/ca.key
        default_md = sha256
        policy = any
        [any]
        commonName = supplied
        [authority]
        basicConstraints = critical, CA:TRUE
        keyUsage = critical, keyCertSign, cRLSign
        subjectKeyIdentifier = hash
        [server]
        basicConstraints = CA:FALSE
        keyUsage = digitalSignature
        extendedKeyUsage = serverAuth
        subjectAltName = DNS:localhost, IP:127.0.0.1, IP:::1
        [other]
        basicConstraints = CA:FALSE
        keyUsage = digitalSignature
        extendedKeyUsage = serverAuth
        subjectAltName = DNS:other.example
        [client]
        basicConstraints = CA:FALSE
        keyUsage = digitalSignature
        extendedKeyUsage = clientAuth

        """
    }
}
