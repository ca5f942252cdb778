import Foundation
import NIOSSL

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
