import Foundation

/// Where the system keeps the CA certificates that it trusts.
package struct SystemRoots: Sendable {
    /// Bundles, the first of which is used; NIOSSL looks at the same places (its LinuxCABundle.swift).
    let files: [String]
    /// A folder of certificates, used beside a bundle.
    let folder: String

    /// Those of the distributions that NIOSSL knows.
    package static let standard = SystemRoots(
        files: ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt"],
        folder: "/etc/ssl/certs"
    )

    package init(files: [String], folder: String) {
        self.files = files
        self.folder = folder
    }

    /// True where nothing can be trusted by way of the system: a container without the package of CA certificates.
    ///
    /// NIOSSL then refuses to begin a handshake at all, with an error that names no reason.
    package var areMissing: Bool {
        #if os(Linux)
            let hasFile = files.contains { path in
                // Follows links, which is what distributions have at these places.
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
