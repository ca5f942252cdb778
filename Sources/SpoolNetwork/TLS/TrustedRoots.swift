import Foundation
package import NIOSSL
import SpoolCore

/// The roots that TLS connections of this program trust: the system's roots, and `tls.ca_file`.
package struct TrustedRoots: Sendable {
    /// The possible paths of the system's roots.
    package static let systemFiles = SystemRoots.standard.files

    /// The file that exists; nil on a machine without certificates.
    package let systemFile: String?
    /// The system's roots in DER form.
    package let system: [[UInt8]]
    /// The certificates of `tls.ca_file`, in DER form.
    package let added: [[UInt8]]

    /// Reads both.
    ///
    /// - Throws: `TrustFileProblem` when `tls.ca_file` can no longer be read.
    package init(_ settings: TLSSettings) throws(TrustFileProblem) {
        systemFile = Self.systemFiles.first { FileManager.default.fileExists(atPath: $0) }
        system = try systemFile.map { file throws(TrustFileProblem) in try Self.read(file) } ?? []
        added = try settings.caFile.map { file throws(TrustFileProblem) in try Self.read(file) } ?? []
    }

    private static func read(_ path: String) throws(TrustFileProblem) -> [[UInt8]] {
        try TrustFile.certificates(at: path).compactMap { try? $0.toDERBytes() }
    }
}

/// The paths of the CA certificates that the system trusts.
package struct SystemRoots: Sendable {
    /// Bundles, of which the first existing one is used; NIOSSL uses the same paths (its
    /// LinuxCABundle.swift).
    let files: [String]
    /// A folder of certificates, used in addition to a bundle.
    let folder: String

    /// The paths of the distributions that NIOSSL knows.
    package static let standard = SystemRoots(
        files: ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt"],
        folder: "/etc/ssl/certs"
    )

    package init(files: [String], folder: String) {
        self.files = files
        self.folder = folder
    }

    /// True when the system provides no CA certificates, as in a container without the package for them.
    ///
    /// NIOSSL then refuses to start a handshake, with an error without a reason.
    package var areMissing: Bool {
        #if os(Linux)
            let hasFile = files.contains { path in
                // Follows links, which distributions have at these paths.
                guard let file = FileHandle(forReadingAtPath: path) else { return false }
                defer { try? file.close() }
                return ((try? file.read(upToCount: 1)) ?? nil)?.isEmpty == false
            }
            return !hasFile && ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).isEmpty
        #else
            return false
        #endif
    }
}

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
