import Foundation
import SpoolTestSupport
import Testing

@testable import SpoolEngine

@Suite("What a reload detects as changed")
struct FingerprintTests {
    private let folder: TemporaryFolder
    private let certificates: TestCertificates

    init() async throws {
        folder = try TemporaryFolder()
        certificates = try await TestCertificates(in: folder)
        try folder.write("one", to: "secret")
    }

    private func copy(_ file: String, to name: String) throws {
        try folder.write(String(contentsOfFile: file, encoding: .utf8), to: name)
    }

    /// The fingerprints of a source, a TLS sink, a webhook and a plain sink, all with the files of the
    /// folder.
    private func fingerprints() throws -> [String] {
        let tls =
            "{ ca_file: \(folder.path("trust")), cert_file: \(folder.path("cert.pem")), "
            + "key_file: \(folder.path("key.pem")) }"
        let yaml = """
            spool: { path: ./spool.db }
            sources:
              - name: contoso
                type: defender-cloud-apps
                url: https://portal.example
                auth: { token: "file:\(folder.path("secret"))" }
                tls: \(tls)
            sinks:
              - { name: siem, type: syslog, address: "siem.example:6514", transport: tls, tls: \(tls),
                  streams: [contoso/alerts] }
              - { name: pager, type: webhook, url: "https://hooks.example/a",
                  secret: "file:\(folder.path("secret"))", tls: \(tls) }
              - { name: plain, type: syslog, address: "siem.example:514", streams: [contoso/alerts] }
            """
        let path = try folder.write(yaml, to: "spool.yaml")
        let composition = try Composition.read(path: path, environment: [:], hostName: "host")
        return composition.sources.map(\.fingerprint) + composition.sinks.map(\.fingerprint)
    }

    @Test(
        "the contents of every file that a part names count, not only the path; only that part changes",
        arguments: [
            ("trust/a.pem", [true, true, true, false]), ("trust/new.crt", [true, true, true, false]),
            ("cert.pem", [true, true, true, false]), ("key.pem", [true, true, true, false]),
            ("secret", [true, false, true, false]), ("trust/README", [false, false, false, false]),
        ]
    )
    func contents(file: String, changed: [Bool]) throws {
        try FileManager.default.createDirectory(
            atPath: folder.path("trust"),
            withIntermediateDirectories: false
        )
        try copy(certificates.caFile, to: "trust/a.pem")
        try copy(certificates.client.certFile, to: "cert.pem")
        try copy(certificates.client.keyFile, to: "key.pem")
        let before = try fingerprints()
        #expect(try fingerprints() == before)

        switch file {
        case "key.pem": try copy(certificates.server.keyFile, to: file)
        case "secret": try folder.write("two", to: file)
        default: try copy(certificates.stranger.certFile, to: file)
        }

        let after = try fingerprints()
        #expect(zip(before, after).map { $0 != $1 } == changed)
    }
}
