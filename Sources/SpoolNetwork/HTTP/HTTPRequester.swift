import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import NIOHTTPCompression
import SpoolCore
import Synchronization

/// Sends requests and reads complete answers, with a size limit and a deadline for head **and** body.
///
/// The memory that a peer can make it use is limited: a body by the caller's limit, an encoded body
/// (`Content-Encoding: gzip` or `deflate`, which some gateways send without a request for it) by
/// `decodedLimit` as well, a head by 256 fields of 80 KiB and 2 MiB in all (NIO's
/// `NIOHTTPDecoderLimitConfiguration`).
///
/// It never retries and follows no redirect: a POST would lose its body, and a token would be sent to another
/// host. Answers of any status are returned; only incomplete answers are thrown.
package final class HTTPRequester: Sendable {
    /// The maximum size of a decoded body: the decoder runs ahead of the reader, whose limit applies too
    /// late.
    static let decodedLimit = 20 << 20
    /// Longer header values are not kept.
    static let headerLimit = 8 << 10

    private let settings: HTTPSettings
    private let clients = Mutex(Clients())

    /// A proxy is a property of the client, so there are two; each is created on first use and kept for its
    /// connections.
    private struct Clients {
        var direct: HTTPClient?
        var proxied: HTTPClient?
        var isShutDown = false
    }

    package init(_ settings: HTTPSettings) { self.settings = settings }

    /// Sends `call` and reads the answer; a body of more than `cap` bytes is a fault.
    package func send(_ call: HTTPCall, cap: Int) async throws(HTTPFault) -> HTTPAnswer {
        let peer = call.base.peer
        let proxy = settings.route.proxy(for: call.base)
        do {
            if call.base.isSecure { try settings.tls.requireRoots() }
            let client = try client(proxy: proxy)
            let deadline = settings.deadline
            return try await withThrowingTaskGroup(of: HTTPAnswer.self) { group in
                defer { group.cancelAll() }
                group.addTask { try await Self.perform(call, by: client, within: deadline, cap: cap) }
                group.addTask {
                    try await Task.sleep(for: deadline)
                    throw HTTPFault(
                        .incomplete,
                        "\(peer) did not complete its answer within \(Age.text(deadline))"
                    )
                }
                guard let answer = try await group.next() else { throw CancellationError() }
                return answer
            }
        } catch {
            throw HTTPFault.translate(
                Task.isCancelled ? CancellationError() : error,
                peer: peer,
                proxy: proxy
            )
        }
    }

    /// Closes all connections; requests after this fail.
    package func shutDown() async {
        let open = clients.withLock { clients in
            clients.isShutDown = true
            defer { (clients.direct, clients.proxied) = (nil, nil) }
            return [clients.direct, clients.proxied]
        }
        // A client that cannot be shut down has been shut down already.
        for client in open { try? await client?.shutdown() }
    }

    private static func perform(
        _ call: HTTPCall,
        by client: HTTPClient,
        within deadline: Duration,
        cap: Int
    ) async throws -> HTTPAnswer {
        var request = HTTPClientRequest(url: call.base.description + call.path)
        request.method = call.method == .get ? .GET : .POST
        request.headers.add(name: "User-Agent", value: ProgramVersion.userAgent)
        // Encoded answers are decoded nevertheless; unencoded ones can be limited before they are in memory.
        request.headers.add(name: "Accept-Encoding", value: "identity")
        for (name, value) in call.headers { request.headers.add(name: name, value: value) }
        if call.method == .post { request.body = .bytes(ByteBuffer(bytes: call.body)) }
        let response = try await client.execute(request, timeout: .nanoseconds(deadline.nanoseconds))
        var answer = HTTPAnswer(status: Int(response.status.code), headers: [:], body: [])
        for (name, value) in response.headers
        where value.utf8.count <= headerLimit && answer.headers[name.lowercased()] == nil {
            answer.headers[name.lowercased()] = value
        }
        if let length = answer.header("content-length").flatMap({ Int($0) }) {
            answer.body.reserveCapacity(min(max(length, 0), cap))
        }
        do {
            for try await chunk in response.body {
                let room = cap - answer.body.count
                answer.body.append(contentsOf: chunk.readableBytesView.prefix(room))
                if chunk.readableBytes > room { throw tooLarge(answer, call, cap) }
            }
        } catch NIOHTTPDecompression.DecompressionError.limit {
            throw tooLarge(answer, call, cap)
        }
        if let encoding = answer.unknownEncoding { throw undecodable(call, encoding) }
        return answer
    }

    private static func tooLarge(_ beginning: HTTPAnswer, _ call: HTTPCall, _ cap: Int) -> HTTPFault {
        HTTPFault(.tooLarge(beginning: beginning), "\(call.base.peer) answers with more than \(cap) bytes")
    }

    private static func undecodable(_ call: HTTPCall, _ encoding: String) -> HTTPFault {
        HTTPFault(
            .nonsense,
            "\(call.base.peer) answers with the encoding `\(PrintableText.escaped(encoding, limit: 40))`, "
                + "which was not requested and cannot be decoded; "
                + "check for a proxy in between that compresses"
        )
    }

    private func client(proxy: ProxyAddress?) throws -> HTTPClient {
        try clients.withLock { clients in
            if clients.isShutDown { throw CancellationError() }
            if let client = proxy == nil ? clients.direct : clients.proxied { return client }
            let client = HTTPClient(
                eventLoopGroupProvider: .singleton,
                configuration: try configuration(proxy: proxy)
            )
            if proxy == nil { clients.direct = client } else { clients.proxied = client }
            return client
        }
    }

    private func configuration(proxy: ProxyAddress?) throws -> HTTPClient.Configuration {
        var configuration = HTTPClient.Configuration(
            tlsConfiguration: try settings.tls.clientConfiguration(isUsed: false)
        )
        configuration.decompression = .enabled(limit: .size(Self.decodedLimit))
        configuration.redirectConfiguration = .disallow
        configuration.httpVersion = .http1Only
        configuration.timeout.connect = .nanoseconds(settings.connectTimeout.nanoseconds)
        configuration.timeout.read = .nanoseconds(settings.idleTimeout.nanoseconds)
        // Only the caller retries: the client's own retries would hide a refused connection until the
        // deadline.
        configuration.connectionPool.retryConnectionEstablishment = false
        if let proxy {
            configuration.proxy = .server(
                host: proxy.host,
                port: proxy.port,
                authorization: proxy.user.map {
                    .basic(username: $0, password: proxy.password?.reveal() ?? "")
                },
                connectHeaders: ["User-Agent": ProgramVersion.userAgent]
            )
        }
        return configuration
    }
}

extension Duration {
    fileprivate var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds * 1_000_000_000 + attoseconds / 1_000_000_000
    }
}

/// A request to send.
package struct HTTPCall: Sendable {
    package enum Method: Sendable { case get, post }

    package var method: Method
    package var base: BaseURL
    /// Appended to the base; starts with a slash.
    package var path: String
    package var headers: [(name: String, value: String)]
    package var body: [UInt8]

    package init(
        _ method: Method,
        _ base: BaseURL,
        _ path: String,
        headers: [(name: String, value: String)] = [],
        body: [UInt8] = []
    ) {
        self.method = method
        self.base = base
        self.path = path
        self.headers = headers
        self.body = body
    }
}

/// A complete answer.
package struct HTTPAnswer: Sendable, Equatable {
    package var status: Int
    /// By lower-case name; of several headers with one name, the first.
    package var headers: [String: String]
    package var body: [UInt8]

    package init(status: Int, headers: [String: String], body: [UInt8]) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// A header's value; `name` in lower case.
    package func header(_ name: String) -> String? { headers[name] }

    /// True for a web page: a sign-in page, or the notice of a proxy or firewall instead of an API's answer.
    ///
    /// A JSON object is not a web page, whatever its content type.
    package var isWebPage: Bool {
        let first = body.first { $0 != 0x20 && $0 != 0x0A && $0 != 0x0D && $0 != 0x09 }
        if first == UInt8(ascii: "<") { return true }
        return first != UInt8(ascii: "{")
            && header("content-type")?.lowercased().hasPrefix("text/html") == true
    }

    /// The `Content-Encoding` of a body that is still encoded; nil when it has been decoded or was never
    /// encoded.
    var unknownEncoding: String? {
        guard let encoding = header("content-encoding")?.lowercased(), !body.isEmpty else { return nil }
        return ["gzip", "deflate", "identity", ""].contains(encoding) ? nil : encoding
    }
}

/// How requests are sent.
package struct HTTPSettings: Sendable {
    package var tls: TLSSettings
    package var route: ProxyRoute
    /// Limit for name lookup, connection and TLS together.
    package var connectTimeout: Duration
    /// The longest pause within an answer.
    package var idleTimeout: Duration
    /// Limit for the request and its complete answer: a peer that sends single bytes never pauses for long.
    package var deadline: Duration

    package init(
        tls: TLSSettings = TLSSettings(),
        route: ProxyRoute = .direct,
        connectTimeout: Duration = .seconds(10),
        idleTimeout: Duration = .seconds(60),
        deadline: Duration = .seconds(120)
    ) {
        self.tls = tls
        self.route = route
        self.connectTimeout = connectTimeout
        self.idleTimeout = idleTimeout
        self.deadline = deadline
    }
}
