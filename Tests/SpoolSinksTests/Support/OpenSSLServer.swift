import Foundation
import NIOPosix
import SpoolTestSupport

/// `openssl s_server`: a TLS peer that is not of our making.
final class OpenSSLServer: Sendable {
    let port: Int
    private let process: Process
    private let output: Int32
    private let input: Int32
    private let pipes: (Pipe, Pipe)

    init(_ pair: TestCertificates.Pair) throws {
        let (input, output) = (Pipe(), Pipe())
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments =
            ["openssl", "s_server", "-accept", "127.0.0.1:0", "-naccept", "1"]
            + ["-cert", pair.certFile, "-key", pair.keyFile]
        process.standardInput = input
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        self.process = process
        pipes = (input, output)
        self.input = input.fileHandleForWriting.fileDescriptor
        self.output = output.fileHandleForReading.fileDescriptor
        let line = try Self.read(self.output, until: "\n", after: "ACCEPT ")
        guard let port = line.split(separator: ":").last.flatMap({ Int($0.prefix { $0.isNumber }) }) else {
            throw PeerFailure(number: 0)
        }
        self.port = port
    }

    deinit { process.terminate() }

    /// Waits until it has printed a text that came over TLS.
    func waitFor(_ text: String) async throws {
        let output = output
        _ = try await NIOThreadPool.singleton.runIfActive { try Self.read(output, until: text, after: "") }
    }

    /// Ends TLS and the connection: the command `Q`.
    func close() { _ = write(input, "Q\n", 2) }

    /// Reads up to a text that follows another one.
    private static func read(_ descriptor: Int32, until end: String, after start: String) throws -> String {
        var text = ""
        var byte: UInt8 = 0
        while true {
            guard Glibc.read(descriptor, &byte, 1) == 1 else { throw PeerFailure(number: errno) }
            text.append(Character(UnicodeScalar(byte)))
            if text.hasSuffix(end), start.isEmpty || text.contains(start) { return text }
        }
    }
}
