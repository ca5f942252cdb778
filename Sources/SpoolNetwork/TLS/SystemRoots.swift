import Foundation

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
