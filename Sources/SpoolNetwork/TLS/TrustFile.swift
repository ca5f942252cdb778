import Foundation
package import NIOSSL
import SpoolCore

/// The value of `tls.ca_file`: a file of certificates in PEM or DER format, or a folder of such files.
package enum TrustFile {
    /// In a folder, files with other endings (a README, a revocation list) are ignored.
    package static let endings = ["pem", "crt", "cer", "der"]
    /// More than any bundle of CAs: a larger file was configured by mistake.
    static let sizeLimit = 16 << 20

    /// The certificates at a path; those of a folder in the order of the files' names.
    ///
    /// - Throws: which file cannot be used and why, as one clause.
    package static func certificates(at path: String) throws(TrustFileProblem) -> [NIOSSLCertificate] {
        var found: [NIOSSLCertificate] = []
        for file in try files(at: path) { found += try read(file) }
        return found
    }

    /// The files at a path, sorted by name: the file itself, or those files of the folder that have a
    /// certificate ending.
    package static func files(at path: String) throws(TrustFileProblem) -> [String] {
        guard isFolder(path) else { return [path] }
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: path) else {
            throw TrustFileProblem("cannot list the folder \(path); does this user have read permission?")
        }
        let files = names.filter(isNamedLikeCertificate).sorted().map { "\(path)/\($0)" }
        guard !files.isEmpty else {
            throw TrustFileProblem(
                "the folder \(path) contains no file that ends in .\(endings.joined(separator: ", ."))"
            )
        }
        return files
    }

    private static func read(_ file: String) throws(TrustFileProblem) -> [NIOSSLCertificate] {
        let bytes: [UInt8]
        do {
            bytes = try SmallFile.read(file, limit: sizeLimit).bytes
        } catch {
            throw TrustFileProblem("cannot read \(file): \(error)")
        }
        // RFC 7468 §3: text before the first boundary is explanatory.
        if bytes.firstRange(of: Array("-----BEGIN ".utf8)) != nil {
            guard let found = try? NIOSSLCertificate.fromPEMBytes(bytes), !found.isEmpty else {
                throw TrustFileProblem("\(file) is in PEM format, but contains no complete certificate")
            }
            return found
        }
        guard let certificate = try? NIOSSLCertificate(bytes: bytes, format: .der) else {
            throw TrustFileProblem("\(file) contains no certificates in PEM or DER format")
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

/// Why certificates of `tls.ca_file` cannot be used, as one clause.
package struct TrustFileProblem: Error, Sendable, Equatable, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }
}
