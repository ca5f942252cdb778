import Foundation
import Hummingbird
import NIOCore
import SpoolTestSupport
import Testing

@testable import SpoolServer

@Suite("the HTTP server", .timeLimit(.minutes(2)))
struct HTTPServerTests {
    private static let limits = HTTPLimits(connections: 8, bodyBytes: 1_000)

    private static func router() -> Router<BasicRequestContext> {
        let router = Router(options: .autoGenerateHeadEndpoints)
        router.get("/small") { _, _ in Response.text("small answer\n") }
        router.get("/large") { _, _ in Response.text(String(repeating: "x", count: 30_000_000)) }
        router.get("/slow") { _, _ in
            // Ends only when cancelled.
            try? await Task.sleep(for: .seconds(600))
            return Response.text("slow answer\n")
        }
        router.post("/body") { request, _ in
            let body = try await request.body.collect(upTo: 10_000)
            return Response.text("\(body.readableBytes) bytes\n")
        }
        return router
    }

    /// Runs a server during `body`, and stops it if `body` has not; returns once `run` has returned.
    private static func with<Result: Sendable>(
        _ limits: HTTPLimits = limits,
        router: Router<BasicRequestContext> = router(),
        _ body: @escaping @Sendable (HTTPServer, String) async throws -> Result
    ) async throws -> Result {
        let folder = try TemporaryFolder()
        let path = folder.path("s")
        let server = HTTPServer(.socket(path), limits: limits, router: router)
        let (bound, binding) = AsyncStream<Void>.makeStream()
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.run { binding.finish() } }
            for await _ in bound {}
            let result = try await body(server, path)
            await server.stop(within: .seconds(1))
            try await group.waitForAll()
            return result
        }
    }

    @Test("several requests on one connection are answered in order, even if sent together")
    func pipelined() async throws {
        let text = try await Self.with { _, path in
            let client = try RawClient(path)
            let request = "GET /small HTTP/1.1\r\nhost: localhost\r\n\r\n"
            client.send(request + request)
            let first = await client.read(until: "small answer\n")
            client.send("HEAD /small HTTP/1.1\r\nhost: localhost\r\n\r\n")
            client.send("GET /nothing HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
            return first + (await client.read())
        }

        #expect(text.components(separatedBy: "small answer\n").count == 3)
        #expect(text.components(separatedBy: "HTTP/1.1 200 OK").count == 4)
        #expect(text.lowercased().components(separatedBy: "content-length: 13").count == 4)
        #expect(text.components(separatedBy: "HTTP/1.1 404").count == 2)
    }

    @Test("a client that shuts down its side after the request still gets the response")
    func halfClosed() async throws {
        let text = try await Self.with { _, path in try await RawClient.get("/small", at: path) }

        #expect(text.hasSuffix("\r\n\r\nsmall answer\n"))
        #expect(text.contains("connection: close"))
    }

    @Test(
        "a request that exceeds the limits is rejected and its connection closed",
        arguments: [
            (
                "GET /small HTTP/1.1\r\nhost: x\r\nlong: \(String(repeating: "x", count: 20_000))\r\n\r\n",
                "400"
            ),
            ("GET /small HTTP/1.1\r\n\(String(repeating: "a: b\r\n", count: 200))\r\n", "400"),
            ("GET /\(String(repeating: "x", count: 20_000)) HTTP/1.1\r\nhost: x\r\n\r\n", "400"),
            (
                "POST /body HTTP/1.1\r\nhost: x\r\ncontent-length: 2000\r\n\r\n\(String(repeating: "x", count: 2_000))",
                "413"
            ),
            ("GET http://elsewhere/small HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n", "400"),
            ("\u{16}\u{3}\u{1} no HTTP at all\r\n\r\n", "400"),
        ]
    )
    func limits(request: String, status: String) async throws {
        let text = try await Self.with { _, path in
            let client = try RawClient(path)
            client.send(request)
            return await client.read()
        }

        #expect(text.hasPrefix("HTTP/1.1 \(status)"), "\(text.prefix(200))")
    }

    @Test(
        "a connection without a complete request is closed at its deadline",
        arguments: ["", "GET /sm", "POST /body HTTP/1.1\r\nhost: x\r\ncontent-length: 20\r\n\r\nhalf"]
    )
    func halfSent(start: String) async throws {
        var limits = Self.limits
        limits.requestTime = .milliseconds(50)

        let text = try await Self.with(limits) { _, path in
            let client = try RawClient(path)
            client.send(start)
            return await client.read()
        }

        #expect(text == "")
    }

    @Test("an idle connection is closed at its deadline")
    func idle() async throws {
        var limits = Self.limits
        limits.idleTime = .milliseconds(50)

        let text = try await Self.with(limits) { _, path in
            let client = try RawClient(path)
            client.send("GET /small HTTP/1.1\r\nhost: x\r\n\r\n")
            return await client.read()
        }

        #expect(text.hasSuffix("small answer\n"))
    }

    @Test("a response that is never read is abandoned, and requests sent after it are not accepted")
    func neverRead() async throws {
        var limits = Self.limits
        limits.answerTime = .milliseconds(100)

        let text = try await Self.with(limits) { server, path in
            let client = try RawClient(path)
            let request = "GET /large HTTP/1.1\r\nhost: x\r\n\r\n"
            client.send(String(repeating: request, count: 50))
            let first = await client.read(until: "\r\n\r\n")
            await server.stop(within: .seconds(60))
            return first + (await client.read())
        }

        #expect(text.utf8.count < 30_000_000)
        #expect(text.components(separatedBy: "HTTP/1.1 200 OK").count == 2)
    }

    @Test("a connection above the limit replaces the one that has waited longest")
    func crowd() async throws {
        var limits = Self.limits
        limits.connections = 3

        let (answers, first) = try await Self.with(limits) { _, path in
            let idle = try (0..<3).map { _ in try RawClient(path) }
            idle[0].send("GET /sm")
            var answers: [String] = []
            for _ in 0..<20 { answers.append(try await RawClient.get("/small", at: path)) }
            return (answers, await idle[0].read())
        }

        #expect(answers.allSatisfy { $0.hasSuffix("small answer\n") })
        #expect(first == "")
    }

    @Test("requests of disconnected clients do not accumulate")
    func abandoned() async throws {
        var limits = Self.limits
        limits.connections = 3
        let router = Self.router()
        let (begun, begin) = AsyncStream<Void>.makeStream()
        router.get("/endless") { _, _ in
            begin.yield()
            // Ends only when cancelled.
            try? await Task.sleep(for: .seconds(600))
            return Response.text("never\n")
        }

        let answers = try await Self.with(limits, router: router) { _, path in
            var requests = begun.makeAsyncIterator()
            for _ in 0..<3 {
                let client = try RawClient(path)
                client.send("GET /endless HTTP/1.1\r\nhost: x\r\n\r\n")
                await requests.next()
            }
            var answers: [String] = []
            for _ in 0..<50 { answers.append(try await RawClient.get("/small", at: path)) }
            return answers
        }

        #expect(answers.allSatisfy { $0 == "" })
    }

    @Test(
        "a stop closes idle and incomplete connections, answers requests in progress, and aborts slow ones"
    )
    func stop() async throws {
        let texts = try await Self.with { server, path in
            let clients = try ["", "GET /sm", "GET /slow HTTP/1.1\r\nhost: x\r\n\r\n"].map { start in
                let client = try RawClient(path)
                client.send(start)
                return client
            }
            // All three have been accepted once a later request is answered.
            _ = try await RawClient.get("/small", at: path)
            await server.stop(within: .milliseconds(200))
            var texts: [String] = []
            for client in clients { texts.append(await client.read()) }
            return texts
        }

        #expect(texts == ["", "", ""])
    }

    @Test("a server that stops while clients connect closes all of them, many times over")
    func stress() async throws {
        for round in 0..<21 {
            try await Self.with { server, path in
                await withTaskGroup(of: Void.self) { group in
                    for number in 0..<9 {
                        group.addTask {
                            while !Task.isCancelled {
                                guard let client = try? RawClient(path) else { return }
                                if number.isMultiple(of: 3) { client.send("GET /sm") }
                                if number % 3 == 1 { client.send("GET /small HTTP/1.1\r\nhost: x\r\n\r\n") }
                                if number % 3 == 2 { _ = try? await RawClient.get("/small", at: path) }
                                await Task.yield()
                            }
                        }
                    }
                    for _ in 0..<(round % 7) { _ = try? await RawClient.get("/small", at: path) }
                    await server.stop(within: .milliseconds(round.isMultiple(of: 2) ? 0 : 100))
                    group.cancelAll()
                }
            }
        }
    }

    @Test("an address that cannot be bound is an error, and the server may be run again")
    func cannotBind() async throws {
        let server = HTTPServer(.socket("/nonexistent/s"), limits: Self.limits, router: Self.router())

        for _ in 0..<2 {
            await #expect(throws: IOError.self) { try await server.run {} }
        }
    }
}
