import Foundation
import NIOSSL
import SpoolCore
import SpoolTestSupport
import Testing

@testable import SpoolNetwork

@Suite("tls.ca_file")
struct TrustFileTests {
    private let folder: TemporaryFolder
    private let chain: TestChain

    init() async throws {
        folder = try TemporaryFolder()
        chain = try await TestChain(in: folder)
    }

    private func certificates(_ path: String) throws -> [[UInt8]] {
        try TrustFile.certificates(at: path).map { try $0.toDERBytes() }
    }

    @Test("is a PEM file with one or several certificates and text around them, or a DER file")
    func files() throws {
        let root = try Data(contentsOf: URL(fileURLWithPath: chain.rootDERFile))
        let both = try folder.write(
            "Subject: a root\n" + folder.read("root.pem") + "\nan issuing CA\n" + folder.read("issuing.pem"),
            to: "both.pem"
        )

        #expect(try certificates(chain.rootFile) == [Array(root)])
        #expect(try certificates(chain.rootDERFile) == [Array(root)])
        #expect(try certificates(both).count == 2)
    }

    @Test("is a folder of both formats; files without a certificate ending are ignored")
    func folders() throws {
        let path = folder.path("authorities")
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        try FileManager.default.copyItem(atPath: chain.rootDERFile, toPath: path + "/b.CER")
        try FileManager.default.copyItem(atPath: chain.issuingFile, toPath: path + "/a.crt")
        try folder.write("the company's authorities", to: "authorities/README")

        let found = try certificates(path)

        #expect(found.count == 2)
        #expect(found.last == Array(try Data(contentsOf: URL(fileURLWithPath: chain.rootDERFile))))
    }

    @Test(
        "that cannot be used is a problem at its line and column, with the name of the file",
        arguments: [
            ("missing.pem", "missing.pem: there is no such file"),
            ("text.pem", "text.pem contains no certificates"),
            ("cut.pem", "cut.pem is in PEM format, but contains no complete certificate"),
            ("empty", "empty contains no file that ends in .pem, .crt, .cer, .der"),
            ("mixed", "mixed/bad.der contains no certificates"),
        ]
    )
    func problems(_ name: String, _ words: String) throws {
        try folder.write("no certificate", to: "text.pem")
        try folder.write(String(try folder.read("root.pem").prefix(200)), to: "cut.pem")
        for name in ["empty", "mixed"] {
            try FileManager.default.createDirectory(
                atPath: folder.path(name),
                withIntermediateDirectories: false
            )
        }
        try FileManager.default.copyItem(atPath: chain.rootFile, toPath: folder.path("mixed/a.pem"))
        try folder.write("no certificate", to: "mixed/bad.der")
        let problems = ConfigurationProblems()
        let value = ConfigurationNode(
            value: .scalar(folder.path(name)),
            line: 7,
            column: 22,
            secrets: NoSecrets()
        )
        let node = ConfigurationNode(
            value: .mapping([.init(key: "ca_file", line: 7, column: 13, value: value)]),
            line: 7,
            column: 11,
            secrets: NoSecrets()
        )

        _ = TLSSettings(node, problems)

        let problem = try #require(problems.list.first)
        #expect(problems.list.count == 1)
        #expect((problem.line, problem.column) == (7, 22))
        #expect(problem.message.contains(words), "\(problem.message)")
    }
}

private struct NoSecrets: SecretLookup {
    func resolve(_ reference: String) throws(SecretFault) -> Secret { throw SecretFault("there are none") }
}
