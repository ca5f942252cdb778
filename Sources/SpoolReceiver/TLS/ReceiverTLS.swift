import NIOSSL

/// The receiver's certificate, and whether it asks for the peer's.
package struct ReceiverTLS: Sendable {
    /// Where certificate and key come from.
    package enum Identity: Sendable {
        /// PEM files, read when the receiver starts.
        case files(certificate: String, key: String)
        /// Made by this process.
        case selfMade(SelfMadeCertificate)
    }

    package var identity: Identity
    /// A file with the authorities of client certificates; nil asks for none.
    package var clientAuthorityFile: String?

    package init(_ identity: Identity, clientAuthorityFile: String? = nil) {
        self.identity = identity
        self.clientAuthorityFile = clientAuthorityFile
    }

    /// Reads the PEM files when the receiver starts.
    package init(certificateFile: String, keyFile: String, clientAuthorityFile: String? = nil) {
        self.init(
            .files(certificate: certificateFile, key: keyFile),
            clientAuthorityFile: clientAuthorityFile
        )
    }

    /// - Throws: `ReceiverFault`, naming the file that cannot be used.
    func context() throws(ReceiverFault) -> NIOSSLContext {
        let (chain, key) = try material()
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) },
            privateKey: .privateKey(key)
        )
        if let clientAuthorityFile {
            configuration.trustRoots = .file(clientAuthorityFile)
            configuration.certificateVerification = .noHostnameVerification
        }
        do {
            return try NIOSSLContext(configuration: configuration)
        } catch {
            throw ReceiverFault(
                "the certificate cannot be used: its key belongs to another certificate"
                    + (clientAuthorityFile.map { ", or \($0) contains no certificates" } ?? "")
            )
        }
    }

    private func material() throws(ReceiverFault) -> ([NIOSSLCertificate], NIOSSLPrivateKey) {
        switch identity {
        case .files(let certificate, let key):
            guard let chain = try? NIOSSLCertificate.fromPEMFile(certificate), !chain.isEmpty else {
                throw ReceiverFault("\(certificate) cannot be read, or contains no certificate in PEM form")
            }
            guard let key = try? NIOSSLPrivateKey(file: key, format: .pem) else {
                throw ReceiverFault("\(key) cannot be read, or contains no private key in PEM form")
            }
            return (chain, key)
        case .selfMade(let made):
            guard let chain = try? NIOSSLCertificate.fromPEMBytes(Array(made.certificatePEM.utf8)),
                let key = try? NIOSSLPrivateKey(bytes: Array(made.keyPEM.utf8), format: .pem)
            else { throw ReceiverFault("the generated certificate cannot be read back") }
            return (chain, key)
        }
    }
}

/// Why a receiver cannot listen.
package struct ReceiverFault: Error, Sendable, Equatable, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }
}
