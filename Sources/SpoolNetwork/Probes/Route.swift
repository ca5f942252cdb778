import Foundation
import NIOCore
import NIOPosix
import SpoolCore

/// The route to a peer, direct or through a proxy, as the daemon would use it.
package struct Route: Sendable {
    package let endpoint: Endpoint
    package let proxy: ProxyAddress?
    /// Timeout for the connection, and for each wait on it.
    package let timeout: Duration

    package init(to endpoint: Endpoint, through proxy: ProxyAddress? = nil, timeout: Duration = .seconds(10))
    {
        self.endpoint = endpoint
        self.proxy = proxy
        self.timeout = timeout
    }

    /// The host to connect to first: the proxy, if there is one.
    package var firstHop: Endpoint { proxy.map { Endpoint(host: $0.host, port: $0.port) } ?? endpoint }

    /// Connects to the first hop and closes the connection.
    package func knock() async throws(NetworkCause) {
        do {
            let channel = try await bootstrap.connect(host: firstHop.host, port: firstHop.port).get()
            try? await channel.close()
        } catch {
            throw NetworkFailure.cause(of: error)
        }
    }

    /// Requests a tunnel to the peer from the proxy and closes it again; does nothing without a proxy.
    package func tunnel() async throws(NetworkCause) {
        guard proxy != nil else { return }
        let channel = try await connect { _ in }
        try? await channel.close()
    }

    /// Connects to the peer, then runs `prepare` on the event loop to fill the pipeline.
    func connect(
        _ prepare: @escaping @Sendable (any Channel) throws -> Void
    ) async throws(NetworkCause) -> any Channel {
        do {
            let hop = firstHop
            let (endpoint, proxy, limit) = (endpoint, proxy, TimeAmount(timeout))
            let channel = try await bootstrap.connect(host: hop.host, port: hop.port).get()
            do {
                if let proxy {
                    try await Self.openTunnel(on: channel, to: endpoint, through: proxy, within: limit)
                }
                try await channel.eventLoop.submit { try prepare(channel) }.get()
                return channel
            } catch {
                // The channel may be closed already.
                try? await channel.close()
                throw error
            }
        } catch {
            throw NetworkFailure.cause(of: error)
        }
    }

    private static func openTunnel(
        on channel: any Channel,
        to endpoint: Endpoint,
        through proxy: ProxyAddress,
        within limit: TimeAmount
    ) async throws {
        let opened = channel.eventLoop.makePromise(of: Void.self)
        let alarm = channel.eventLoop.scheduleTask(in: limit) { opened.fail(NetworkCause.timedOut) }
        channel.eventLoop.execute {
            do {
                let tunnel = ProxyTunnel(to: endpoint, through: proxy, opened: opened)
                try channel.pipeline.syncOperations.addHandler(tunnel)
            } catch {
                opened.fail(error)
            }
        }
        defer { alarm.cancel() }
        try await opened.futureResult.get()
    }

    private var bootstrap: ClientBootstrap {
        ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .connectTimeout(TimeAmount(timeout))
    }
}

/// Requests a tunnel from an HTTP proxy (RFC 9110 §9.3.6) and leaves the pipeline once it is open.
final class ProxyTunnel: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// A longer head is not an HTTP answer.
    private static let headLimit = 16 << 10

    private let peer: Endpoint
    private let proxy: ProxyAddress
    private let opened: EventLoopPromise<Void>
    private var answer = ByteBuffer()

    init(to peer: Endpoint, through proxy: ProxyAddress, opened: EventLoopPromise<Void>) {
        self.peer = peer
        self.proxy = proxy
        self.opened = opened
    }

    func handlerAdded(context: ChannelHandlerContext) {
        if context.channel.isActive { ask(context) }
    }

    func channelActive(context: ChannelHandlerContext) { ask(context) }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        answer.writeBuffer(&bytes)
        let view = answer.readableBytesView
        guard let end = view.firstRange(of: Array("\r\n\r\n".utf8)) else {
            if view.count > Self.headLimit { fail(context, .proxyRefused) }
            return
        }
        let head = String(decoding: view[..<end.lowerBound], as: UTF8.self)
        let words = head.split(separator: " ", maxSplits: 2)
        let status = words.count > 1 && head.hasPrefix("HTTP/1.") ? Int(words[1]) : nil
        switch status {
        case .some(200..<300):
            context.pipeline.syncOperations.removeHandler(self, promise: nil)
            opened.succeed(())
        case 407: fail(context, .proxyCredentials)
        default: fail(context, .proxyRefused)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        opened.fail(NetworkCause.proxyRefused)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        fail(context, NetworkFailure.cause(of: error))
    }

    private func fail(_ context: ChannelHandlerContext, _ cause: NetworkCause) {
        opened.fail(cause)
        context.close(promise: nil)
    }

    private func ask(_ context: ChannelHandlerContext) {
        var request = "CONNECT \(peer) HTTP/1.1\r\nHost: \(peer)\r\n"
        request += "User-Agent: \(ProgramVersion.userAgent)\r\n"
        if let user = proxy.user {
            let pair = Data("\(user):\(proxy.password?.reveal() ?? "")".utf8).base64EncodedString()
            request += "Proxy-Authorization: Basic \(pair)\r\n"
        }
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: request + "\r\n")), promise: nil)
    }
}
