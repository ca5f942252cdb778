import Hummingbird
import NIOCore
import NIOHTTP1
import Synchronization

/// A complete response, ready to be written.
struct HTTPAnswer: Sendable {
    var status: HTTPResponseStatus
    var headers: HTTPHeaders
    var body: ByteBuffer

    /// A response without a body.
    init(_ status: HTTPResponseStatus) {
        self.status = status
        headers = ["content-length": "0"]
        body = ByteBuffer()
    }

    /// Collects the response of a route with its body.
    ///
    /// - Throws: errors of the body.
    init(_ response: Response) async throws {
        status = HTTPResponseStatus(
            statusCode: response.status.code,
            reasonPhrase: response.status.reasonPhrase
        )
        headers = HTTPHeaders(response.headers.map { ($0.name.rawName, $0.value) })
        let target = Collected()
        try await response.body.write(CollectingWriter(collected: target))
        body = target.buffer.withLock { $0 }
        if !headers.contains(name: "content-length") {
            headers.add(name: "content-length", value: String(body.readableBytes))
        }
    }

    /// The head; `closes` means that the connection is closed afterwards.
    func head(closes: Bool) -> HTTPResponseHead {
        var head = HTTPResponseHead(version: .http1_1, status: status, headers: headers)
        head.headers.replaceOrAdd(name: "server", value: "spool")
        if closes { head.headers.replaceOrAdd(name: "connection", value: "close") }
        return head
    }
}

extension Request {
    /// A request for the routes; nil if the method, the target or a header field is not valid HTTP.
    init?(_ head: HTTPRequestHead, body: ByteBuffer) {
        guard let method = HTTPRequest.Method(rawValue: head.method.rawValue), head.uri.hasPrefix("/") else {
            return nil
        }
        var fields = HTTPFields()
        for (name, value) in head.headers {
            guard let name = HTTPFields.Element.Name(name) else { return nil }
            fields.append(HTTPFields.Element(name: name, value: value))
        }
        let request = HTTPRequest(
            method: method,
            scheme: "http",
            authority: head.headers.first(name: "host"),
            path: head.uri,
            headerFields: fields
        )
        self.init(head: request, body: RequestBody(buffer: body))
    }
}

private final class Collected: Sendable {
    let buffer = Mutex(ByteBuffer())
}

/// Collects a body; the bodies of all routes are in memory already.
private struct CollectingWriter: ResponseBodyWriter {
    let collected: Collected

    mutating func write(_ buffer: ByteBuffer) async throws {
        collected.buffer.withLock { _ = $0.writeImmutableBuffer(buffer) }
    }

    consuming func finish(_ trailingHeaders: HTTPFields?) async throws {}
}
