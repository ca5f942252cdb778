import Subprocess

/// `openssl s_server`: an independent TLS peer, with versions that the libraries used here do not support.
package struct OpenSSLServer: Sendable {
    /// Its port on 127.0.0.1.
    package let port: Int
    private let lines: AsyncStream<String>
    private let input: StandardInputWriter

    /// Runs a server that presents a certificate, and stops it when the closure returns.
    ///
    /// - Throws: when it exits before it listens, and what the closure throws.
    package static func run<Result: Sendable>(
        _ pair: TestCertificates.Pair,
        _ options: [String] = [],
        _ body: (OpenSSLServer) async throws -> Result
    ) async throws -> Result {
        let arguments =
            ["s_server", "-accept", "127.0.0.1:0", "-cert", pair.certFile, "-key", pair.keyFile] + options
        return try await Subprocess.run(
            .name("openssl"),
            arguments: Arguments(arguments),
            input: .inputWriter,
            output: .sequence,
            error: .discarded
        ) { execution in
            let (lines, continuation) = AsyncStream.makeStream(of: String.self)
            let output = execution.standardOutput
            async let reading: Void = {
                defer { continuation.finish() }
                for try await line in output.strings() { continuation.yield(line) }
            }()
            let result: Swift.Result<Result, any Error>
            do {
                let server = OpenSSLServer(
                    port: try await port(in: lines),
                    lines: lines,
                    input: execution.standardInputWriter
                )
                result = .success(try await body(server))
            } catch {
                result = .failure(error)
            }
            // It may have exited already.
            try? execution.send(signal: .kill)
            try await reading
            return try result.get()
        }.closureResult
    }

    private static func port(in lines: AsyncStream<String>) async throws -> Int {
        for await line in lines where line.contains("ACCEPT ") {
            if let port = line.split(separator: ":").last.flatMap({ Int($0.prefix { $0.isNumber }) }) {
                return port
            }
        }
        throw OpenSSLFailure(description: "openssl s_server exited before it listened")
    }

    /// Returns once it has printed a line that contains a text, which arrived over TLS.
    package func waitFor(_ text: String) async throws {
        for await line in lines where line.contains(text) { return }
        throw OpenSSLFailure(description: "openssl s_server exited before it read \(text)")
    }

    /// Closes TLS and the connection: the command `Q`.
    package func close() async throws { _ = try await input.write("Q\n") }
}

/// Why running `openssl` failed.
package struct OpenSSLFailure: Error, CustomStringConvertible {
    package let description: String
}
