import Foundation
package import NIOSSL

/// What `tls.ca_file` names: a file of certificates in PEM or DER form, or a folder of such files.
package enum TrustFile {
    /// In a folder, files with other endings (a README, a revocation list) are left alone.
    package static let endings = ["pem", "crt", "cer", "der"]

    /// The certificates there, each file read whole; in a folder in the order of the files' names.
    ///
    /// - Throws: which file cannot be used and why, as one clause.
    package static func certificates(at path: String) throws(TrustFileProblem) -> [NIOSSLCertificate] {
        guard isFolder(path) else { return try read(path) }
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: path) else {
            throw TrustFileProblem("cannot list the folder \(path); may this user read it?")
        }
        let files = names.filter(isNamedLikeCertificate).sorted().map { "\(path)/\($0)" }
        guard !files.isEmpty else {
            throw TrustFileProblem(
                "the folder \(path) holds no file that ends in .\(endings.joined(separator: ", ."))"
            )
        }
        var found: [NIOSSLCertificate] = []
        for file in files { found += try read(file) }
        return found
    }

    private static func read(_ file: String) throws(TrustFileProblem) -> [NIOSSLCertificate] {
        guard let content = try? Data(contentsOf: URL(fileURLWithPath: file)) else {
            throw TrustFileProblem("cannot read \(file): is it there, and may this user read it?")
        }
        let bytes = Array(content)
        // RFC 7468 §3: whatever stands before the first boundary is an explanation.
        if content.firstRange(of: Data("-----BEGIN ".utf8)) != nil {
            guard let found = try? NIOSSLCertificate.fromPEMBytes(bytes), !found.isEmpty else {
                throw TrustFileProblem("\(file) is in PEM form, but holds no whole certificate")
            }
            return found
        }
        guard let certificate = try? NIOSSLCertificate(bytes: bytes, format: .der) else {
            throw TrustFileProblem("\(file) holds no certificates, neither in PEM nor in DER form")
        }
        return [certificate]
    }

    private static func isFolder(_ path: String) -> Bool {
        var isFolder: ObjCBool = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
    }

    private static func isNamedLikeCertificate(_ name: String) -> Bool {
        endings.contains { name.lowercased().hasSuffix(".\($0)") }
    }
}

/// Why certificates of `tls.ca_file` cannot be had, as one clause.
package struct TrustFileProblem: Error, Sendable, Equatable, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }
}
