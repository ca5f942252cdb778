import NIOSSL
import SpoolCore
import SpoolTestSupport
import Testing

@testable import SpoolNetwork

#if os(Linux)
    @Suite("A system without CA certificates")
    struct SystemRootsTests {
        private let folder: TemporaryFolder
        private let chain: TestChain
        private let missing: SystemRoots

        init() async throws {
            folder = try TemporaryFolder()
            chain = try await TestChain(in: folder)
            missing = SystemRoots(files: [folder.path("none.crt")], folder: folder.path("none"))
        }

        @Test("is one without a readable bundle and without a certificate in its folder")
        func recognised() throws {
            #expect(missing.areMissing)
            let empty = try folder.write("", to: "empty.crt")
            #expect(SystemRoots(files: [empty], folder: folder.path("none")).areMissing)
            #expect(!SystemRoots(files: [chain.rootFile], folder: folder.path("none")).areMissing)
            #expect(!SystemRoots(files: [], folder: folder.path).areMissing)
        }

        @Test("trusts only `ca_file`, and starts a handshake with it")
        func trustsFileAlone() throws {
            let settings = TLSSettings(caFile: chain.rootFile)
            let configuration = try settings.clientConfiguration(system: missing)
            guard case .certificates(let roots) = configuration.trustRoots else {
                Issue.record("the system's roots are still used")
                return
            }
            #expect(roots.count == 1)
            _ = try NIOSSLContext(configuration: configuration)
            try settings.requireRoots(system: missing)
        }

        @Test("is reported with the missing package, if nothing is configured")
        func named() throws {
            let error = #expect(throws: NetworkCause.self) {
                try TLSSettings().clientConfiguration(system: missing)
            }
            #expect(error == .noRoots)
            #expect(throws: NetworkCause.noRoots) { try TLSSettings().requireRoots(system: missing) }
            let text = NetworkFailure.describe(NetworkCause.noRoots, peer: "siem.example:6514")
            #expect(text.contains("ca-certificates") && text.contains("tls.ca_file"))
            // A client that never uses TLS needs no roots.
            _ = try TLSSettings().clientConfiguration(system: missing, isUsed: false)
        }
    }
#endif

@Suite("A certificate for another name")
struct WrongHostTests {
    @Test(
        "of a peer given by its address lacks that address, whatever its common name is",
        arguments: ["192.0.2.7:6514", "[2001:db8::7]:443", "192.0.2.7", "192.0.2.7:8443/path"]
    )
    func address(peer: String) {
        for text in texts(peer) {
            #expect(text.contains("subjectAltName") && text.contains("common name (CN)"))
        }
    }

    @Test(
        "of a peer with a name is for another name",
        arguments: ["siem.example:6514", "2.example", "localhost"]
    )
    func name(peer: String) {
        for text in texts(peer) { #expect(text.contains("another name")) }
    }

    private func texts(_ peer: String) -> [String] {
        [
            NetworkFailure.describe(NetworkCause.wrongHost, peer: peer),
            HTTPFault.translate(NetworkCause.wrongHost, peer: peer, proxy: nil).description,
        ]
    }
}
