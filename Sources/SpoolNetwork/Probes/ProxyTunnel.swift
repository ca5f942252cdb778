import Foundation
import NIOCore
import SpoolCore

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
