import Hummingbird
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import SpoolConfig
import SpoolControl
import SpoolCore
import Synchronization

/// Serves routes over HTTP/1.1 on one address, within `HTTPLimits`, until it is stopped.
///
/// Every connection is a channel on an event loop, and every request in progress is a child task of `run`, so
/// that none outlives it.
final class HTTPServer: Sendable {
    enum Address: Sendable {
        /// A Unix socket; no file may exist at its path.
        case socket(String)
        case tcp(ListenAddress)
    }

    /// A request with its connection.
    private struct Exchange: Sendable {
        let request: Request?
        let channel: any Channel
        let handler: NIOLoopBound<HTTPConnectionHandler>

        func answer(_ answer: HTTPAnswer) {
            channel.eventLoop.execute { handler.value.answer(answer) }
        }
    }

    private let address: Address
    private let limits: HTTPLimits
    private let connections: HTTPConnections
    private let respond: @Sendable (Request, any Channel) async throws -> Response
    private let exchanges: AsyncStream<Exchange>
    private let incoming: AsyncStream<Exchange>.Continuation
    private let listener = Mutex<(any Channel)?>(nil)
    /// Requests in progress, including those whose clients have disconnected.
    private let underWay = Mutex(0)

    init(_ address: Address, limits: HTTPLimits, router: Router<BasicRequestContext>) {
        self.address = address
        self.limits = limits
        connections = HTTPConnections(limit: limits.connections)
        var quiet = Logger(label: "spool.http")
        quiet.logLevel = .critical
        let responder = router.buildResponder()
        respond = { [quiet] request, channel in
            try await responder.respond(
                to: request,
                context: BasicRequestContext(
                    source: ApplicationRequestContextSource(channel: channel, logger: quiet)
                )
            )
        }
        // The maximum number of requests in progress.
        (exchanges, incoming) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(limits.connections))
    }

    /// Serves until it is stopped or cancelled; all connections are closed and all requests have ended when
    /// it returns.
    ///
    /// - Parameter onBound: called once the server listens on the address.
    /// - Throws: if the server cannot listen on the address.
    func run(onBound: @Sendable () async -> Void) async throws {
        try await withTaskCancellationHandler {
            let channel = try await bind()
            listener.withLock { $0 = channel }
            await onBound()
            await withDiscardingTaskGroup { group in
                for await exchange in exchanges {
                    group.addTask { [self] in
                        let result = await answer(exchange)
                        underWay.withLock { $0 -= 1 }
                        exchange.answer(result)
                    }
                }
                group.cancelAll()
            }
            close()
        } onCancel: {
            close()
        }
    }

    /// Ends `run`: accepts no further connections; requests in progress are answered within `limit`, the
    /// others are aborted.
    func stop(within limit: Duration) async {
        listener.withLock { $0 }?.close(promise: nil)
        await withTaskGroup(of: Void.self) { group in
            group.addTask { [connections] in await connections.drain() }
            // Cancelled if all are answered earlier.
            group.addTask { try? await Task.sleep(for: limit) }
            await group.next()
            group.cancelAll()
        }
        close()
    }

    /// Aborts all requests.
    private func close() {
        incoming.finish()
        listener.withLock { $0 }?.close(promise: nil)
        connections.close()
    }

    private func answer(_ exchange: Exchange) async -> HTTPAnswer {
        guard let request = exchange.request else { return HTTPAnswer(.badRequest) }
        do {
            return try await HTTPAnswer(respond(request, exchange.channel))
        } catch {
            return HTTPAnswer(.internalServerError)
        }
    }

    private func bind() async throws -> any Channel {
        let bootstrap = ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: 256)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    // Without it, a process without free descriptors would retry accept in a busy loop.
                    try channel.pipeline.syncOperations.addHandler(AcceptBackoffHandler())
                }
            }
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelInitializer { [self] channel in
                channel.eventLoop.makeCompletedFuture { try setUp(channel) }
            }
        switch address {
        case .socket(let path): return try await bootstrap.bind(unixDomainSocketPath: path).get()
        case .tcp(let address): return try await bootstrap.bind(host: address.host, port: address.port).get()
        }
    }

    /// Sets up the pipeline of a connection.
    ///
    /// - Throws: if the connection is not admitted; it is then closed.
    private func setUp(_ channel: any Channel) throws {
        guard let number = connections.admit(channel) else { throw ChannelError.eof }
        do {
            try configure(channel, number)
        } catch {
            connections.left(number)
            throw error
        }
    }

    private func configure(_ channel: any Channel, _ number: Int) throws {
        var decoding = NIOHTTPDecoderLimitConfiguration()
        decoding.maxHeaderFieldSize = limits.headerBytes
        decoding.maxHeaderListSize = limits.headerBytes
        decoding.maxHeaderFieldCount = limits.headerFields
        try channel.pipeline.syncOperations.configureHTTPServerPipeline(
            withPipeliningAssistance: false,
            withErrorHandling: false,
            withOutboundHeaderValidation: true,
            withEncoderConfiguration: .init(),
            withDecoderLimitConfiguration: decoding
        )
        let handler = HTTPConnectionHandler(
            number: number,
            limits: limits,
            connections: connections
        ) { [self] head, body, channel, handler in
            let exchange = Exchange(
                request: Request(head, body: body),
                channel: channel,
                handler: NIOLoopBound(handler, eventLoop: channel.eventLoop)
            )
            return begin(exchange)
        }
        try channel.pipeline.syncOperations.addHandler(handler)
    }

    /// Hands a request to `run`; returns false if the server is stopping, or as many requests are in progress
    /// as connections are allowed.
    ///
    /// A client that resets its connection frees its place while its request is still being answered; without
    /// this limit such requests would accumulate.
    private func begin(_ exchange: Exchange) -> Bool {
        let isTaken = underWay.withLock { count in
            guard count < limits.connections else { return false }
            count += 1
            return true
        }
        guard isTaken else { return false }
        if case .enqueued = incoming.yield(exchange) { return true }
        underWay.withLock { $0 -= 1 }
        return false
    }
}

/// The limits for clients of a server: number of connections, sizes of requests, and timeouts.
struct HTTPLimits: Sendable {
    /// Concurrent connections.
    ///
    /// A further one replaces the connection that has waited longest for a request; if all have a request in
    /// progress, the new one is closed.
    var connections: Int
    /// Bytes of the request line and all header fields.
    var headerBytes = 16 << 10
    /// Number of header fields.
    var headerFields = 100
    /// Bytes of a request's body.
    var bodyBytes: Int
    /// From a new connection to its complete first request, and from the head of any request to its end.
    var requestTime = TimeAmount.seconds(10)
    /// From a response to the complete head of the next request on the same connection.
    var idleTime = TimeAmount.seconds(60)
    /// Time for the client to read a response.
    var answerTime = TimeAmount.seconds(60)

    /// The status address: requests without a body, from any client that can reach it.
    ///
    /// `descriptors` is the limit of open files of the process: at most an eighth is used for clients.
    static func status(descriptors: Int) -> HTTPLimits {
        HTTPLimits(connections: min(max(descriptors / 8, 4), 64), bodyBytes: 64 << 10)
    }

    /// The control socket: commands of the daemon's user and group.
    static func control(descriptors: Int) -> HTTPLimits {
        HTTPLimits(connections: min(max(descriptors / 16, 4), 16), bodyBytes: ControlCoding.requestLimit)
    }
}
