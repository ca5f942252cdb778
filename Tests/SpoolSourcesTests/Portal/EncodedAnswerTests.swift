import Foundation
import SpoolCore
import SpoolTestSupport
import Testing

@testable import SpoolSources

@Suite("Responses in an encoding that was not requested", .timeLimit(.minutes(5)))
struct EncodedAnswerTests {
    /// `{"data":[],"hasNext":false}`, compressed with gzip.
    private static let empty = "H4sIAAAAAAACA6tWSkksSVSyio7VUcpILPZLrShRskpLzClOrQUA2hYG2hsAAAA="

    private func answer(_ body: Data, date: String = "Sun, 29 Nov 2026 12:00:00 GMT") -> [UInt8] {
        let head =
            "HTTP/1.1 200 OK\r\nDate: \(date)\r\nContent-Encoding: gzip\r\n"
            + "Content-Length: \(body.count)\r\n\r\n"
        return Array(head.utf8) + body
    }

    private func asked<Value>(_ answer: [UInt8], _ body: (DefenderSource, SourceStream) async throws -> Value)
        async throws -> Value
    {
        let server = try await RawServer.start(answering: answer)
        let source = try Portals.source("http://127.0.0.1:\(server.port)")
        do {
            let value = try await body(source, try #require(source.streams.first))
            await source.shutDown()
            try await server.stop()
            return value
        } catch {
            await source.shutDown()
            throw error
        }
    }

    @Test("are decoded")
    func decoded() async throws {
        let body = try #require(Data(base64Encoded: Self.empty))
        try await asked(answer(body)) { source, stream in
            let scan = Scan(reason: .poll, from: Timestamp(milliseconds: 0), to: nil, filterHash: "")
            let page = try await source.page(of: stream, scan: scan, limit: 500)
            #expect(page.records.isEmpty)
            #expect(page.next == nil)
        }
    }

    @Test("that are truncated are incomplete, not empty")
    func truncated() async throws {
        let body = try #require(Data(base64Encoded: Self.empty)).dropLast(12)
        let error = await #expect(throws: SourceFault.self) {
            try await asked(answer(Data(body))) { source, stream in try await source.date(for: stream) }
        }
        #expect(error?.kind == .incomplete)
    }

    @Test("that would exceed the size limit of a page are rejected during decoding")
    func bomb() async throws {
        let folder = try TemporaryFolder()
        let made = try await Tool.run(
            "sh",
            ["-c", "head -c 83886080 /dev/zero | gzip -9 > bomb.gz"],
            in: folder.path
        )
        #expect(made.code == 0)
        let body = try Data(contentsOf: URL(fileURLWithPath: folder.path("bomb.gz")))
        #expect(body.count < 100_000)
        let scan = Scan(reason: .poll, from: Timestamp(milliseconds: 0), to: nil, filterHash: "")
        let error = await #expect(throws: SourceFault.self) {
            try await asked(answer(body)) { source, stream in
                try await source.page(of: stream, scan: scan, limit: 500)
            }
        }
        #expect(error?.kind == .tooLarge)
    }
}
