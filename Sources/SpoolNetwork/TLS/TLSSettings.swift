package import NIOSSL
package import SpoolCore

/// The `tls:` group of a source or sink: additional certificate authorities, and a client certificate.
package struct TLSSettings: Sendable, Equatable {
    /// Certificate authorities that are trusted in addition to the system's: a PEM or DER file, or a folder
    /// of such files.
    package var caFile: String?
    /// PEM file of the client certificate and its chain.
    package var certFile: String?
    /// PEM file of the client certificate's key.
    package var keyFile: String?

    package init(caFile: String? = nil, certFile: String? = nil, keyFile: String? = nil) {
        self.caFile = caFile
        self.certFile = certFile
        self.keyFile = keyFile
    }

    /// Reads the group; unreadable files and incompatible settings are added as problems at their position.
    package init?(_ node: ConfigurationNode, _ problems: ConfigurationProblems) {
        guard var group = ConfigurationMapping(node, problems: problems) else { return nil }
        let caNode = group.take("ca_file")
        let certNode = group.take("cert_file")
        let keyNode = group.take("key_file")
        group.finish()
        caFile = caNode?.text(problems)
        certFile = certNode?.text(problems)
        keyFile = keyNode?.text(problems)
        if (certFile == nil) != (keyFile == nil) {
            problems.add("`cert_file` and `key_file` only work together", at: node)
        }
        guard !node.secrets.isSparing else { return }
        if let caNode, let caFile {
            do throws(TrustFileProblem) {
                _ = try TrustFile.certificates(at: caFile)
            } catch {
                problems.add("\(error)", at: caNode)
            }
        }
        if let certNode, let certFile {
            check(certNode, problems, "certificates") { try Self.chain(certFile) }
        }
        if let keyNode, let keyFile {
            check(keyNode, problems, "a private key") { [try Self.key(keyFile)] }
        }
    }

    private func check<Item>(
        _ node: ConfigurationNode,
        _ problems: ConfigurationProblems,
        _ expected: String,
        _ read: () throws -> [Item]
    ) {
        let isReadable = (try? read())?.isEmpty == false
        if !isReadable {
            problems.add(
                "cannot read \(expected) in PEM format from this file; does it exist, and is it readable?",
                at: node
            )
        }
    }

    /// The keys of the group whose values are file paths.
    private static let fileKeys: Set<String> = ["ca_file", "cert_file", "key_file"]

    /// The contents of the files that a `tls:` group names under `key`.
    ///
    /// They change when a file is replaced in place, or added to a folder of authorities.
    ///
    /// - Returns: the contents of each file, with its name; nil when the key names no file. A file that
    ///   cannot be read is left out.
    package static func contents(of key: String, at path: String) -> [(file: String, bytes: [UInt8])]? {
        guard fileKeys.contains(key) else { return nil }
        let files = key == "ca_file" ? (try? TrustFile.files(at: path)) ?? [] : [path]
        return files.compactMap { file in
            (try? SmallFile.read(file, limit: TrustFile.sizeLimit)).map { (file, $0.bytes) }
        }
    }

    /// Checks that there are trusted roots.
    ///
    /// - Throws: `NetworkCause.noRoots` when nothing is trusted.
    func requireRoots(system: SystemRoots = .standard) throws(NetworkCause) {
        if caFile == nil, system.areMissing { throw .noRoots }
    }

    /// The client's configuration for TLS 1.2 or later: chain and host name are verified, system roots stay
    /// trusted.
    ///
    /// If the system has no CA certificates, only `ca_file` is trusted.
    ///
    /// - Parameters:
    ///   - system: the paths of the system's CA certificates.
    ///   - isUsed: false for a client that may never use TLS, and then needs no roots.
    /// - Returns: the configuration.
    /// - Throws: `NIOSSLError` or `TrustFileProblem` when a file that was readable at the start no longer is;
    ///   `NetworkCause.noRoots` when nothing is trusted.
    package func clientConfiguration(
        system: SystemRoots = .standard,
        isUsed: Bool = true
    ) throws -> TLSConfiguration {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.minimumTLSVersion = .tlsv12
        configuration.certificateVerification = .fullVerification
        let isSystemless = system.areMissing
        if let caFile {
            let added = try TrustFile.certificates(at: caFile)
            if isSystemless {
                configuration.trustRoots = .certificates(added)
            } else {
                configuration.additionalTrustRoots = [.certificates(added)]
            }
        } else if isUsed {
            try requireRoots(system: system)
        }
        if let certFile, let keyFile {
            configuration.certificateChain = try Self.chain(certFile).map { .certificate($0) }
            configuration.privateKey = .privateKey(try Self.key(keyFile))
        }
        return configuration
    }

    private static func chain(_ file: String) throws -> [NIOSSLCertificate] {
        try NIOSSLCertificate.fromPEMBytes(try SmallFile.read(file, limit: TrustFile.sizeLimit).bytes)
    }

    private static func key(_ file: String) throws -> NIOSSLPrivateKey {
        try NIOSSLPrivateKey(
            bytes: try SmallFile.read(file, limit: TrustFile.sizeLimit).bytes,
            format: .pem
        )
    }
}
