import Foundation
import SpoolTestSupport
import Testing

@Suite("The test tools")
struct TestSupportTests {
    @Test("a temporary folder is removed with its owner")
    func temporaryFolder() throws {
        var folder: TemporaryFolder? = try TemporaryFolder()
        let path = try #require(folder?.path)
        try folder?.write("text", to: "file")
        #expect(FileManager.default.fileExists(atPath: path + "/file"))

        folder = nil

        #expect(!FileManager.default.fileExists(atPath: path))
    }

    @Test("the same seed gives the same numbers, which are those of SplitMix64")
    func seededGenerator() {
        var generator = SeededGenerator(seed: 1_234_567)

        let numbers = (0..<3).map { _ in generator.next() }

        // Reference output of the algorithm's public C source for this seed.
        #expect(
            numbers == [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]
        )
    }

    @Test("certificates verify against the authority, except the expired and the self-signed one")
    func certificates() async throws {
        let folder = try TemporaryFolder()

        let certificates = try await TestCertificates(in: folder)

        func verifies(_ pair: TestCertificates.Pair, host: String) async throws -> Bool {
            let arguments = [
                "verify", "-CAfile", certificates.caFile, "-verify_hostname", host, pair.certFile,
            ]
            return try await Tool.run("openssl", arguments).code == 0
        }
        #expect(try await verifies(certificates.server, host: "localhost"))
        #expect(try await !verifies(certificates.expired, host: "localhost"))
        #expect(try await !verifies(certificates.wrongHost, host: "localhost"))
        #expect(try await verifies(certificates.wrongHost, host: "other.example"))
        #expect(try await !verifies(certificates.stranger, host: "localhost"))
    }

    @Test("the built program is in the folder of the tests")
    func builtProduct() {
        #expect(FileManager.default.isExecutableFile(atPath: BuiltProduct.spool))
    }
}
