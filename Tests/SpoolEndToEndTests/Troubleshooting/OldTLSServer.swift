import SpoolTestSupport

/// An `openssl s_server` that supports only TLS 1.1.
struct OldTLSServer {
    let port: Int

    /// Starts the server; it is stopped with the site.
    init(_ pair: TestCertificates.Pair, at site: Site) async throws {
        // With `-www` it continues after a connection and does not read its input.
        let options = ["s_server", "-accept", "127.0.0.1:0", "-www", "-tls1_1", "-cipher", "ALL:@SECLEVEL=0"]
        let child = site.start(
            "s_server",
            "openssl",
            options + ["-cert", pair.certFile, "-key", pair.keyFile]
        )
        try await child.waitUntil("listens") { $0.contains { $0.hasPrefix("ACCEPT ") } }
        let line = child.lines(.output).first { $0.hasPrefix("ACCEPT ") } ?? ""
        guard let port = line.split(separator: ":").last.flatMap({ Int($0) }) else {
            throw HarnessFailure("s_server reports no port: \(line)")
        }
        self.port = port
    }
}
