import Foundation
import NIOSSL

/// What a TLS connection of this program trusts: the system's roots, and `tls.ca_file`.
package struct TrustedRoots: Sendable {
    /// Where the system keeps its roots.
    package static let systemFiles = SystemRoots.standard.files

    /// The file that is there; nil on a machine without certificates.
    package let systemFile: String?
    /// The system's roots in DER form.
    package let system: [[UInt8]]
    /// What `tls.ca_file` adds, in DER form.
    package let added: [[UInt8]]

    /// Reads both.
    ///
    /// - Throws: `TrustFileProblem` when `tls.ca_file` cannot be read any more.
    package init(_ settings: TLSSettings) throws(TrustFileProblem) {
        systemFile = Self.systemFiles.first { FileManager.default.fileExists(atPath: $0) }
        system = try systemFile.map { file throws(TrustFileProblem) in try Self.read(file) } ?? []
        added = try settings.caFile.map { file throws(TrustFileProblem) in try Self.read(file) } ?? []
    }

    private static func read(_ path: String) throws(TrustFileProblem) -> [[UInt8]] {
        try TrustFile.certificates(at: path).compactMap { try? $0.toDERBytes() }
    }
}
