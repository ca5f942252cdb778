import NIOCore
import NIOHTTP1
import NIOSSL

/// One connection of a sender that posts lines: each line of a body is one message.
///
/// The response is sent after every line of the body has been handled; it is 503 if a line was refused.
final class HTTPReceiver: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundIn = Never
    typealias OutboundOut = HTTPServerResponsePart

    private let record: ReceiverRecord
    private let limit: Int
    private var reader: FrameReader
    private var head: HTTPRequestHead?
    private var refusal: Refusal?
    private var taken = 0
    private var number = 0
    private var end: ReceivedConnection.End?
    private let queue = InputQueue<HTTPServerRequestPart>()

    private struct Refusal {
        let status: HTTPResponseStatus
        let message: String
    }

    init(_ record: ReceiverRecord, limit: Int) {
        self.record = record
        self.limit = limit
        reader = FrameReader(limit: limit, detectsCounts: false)
    }

    func channelActive(context: ChannelHandlerContext) {
        number = record.opened()
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        queue.add(unwrapInboundIn(data), context) { self.take($0, context) }
    }

    func read(context: ChannelHandlerContext) { queue.read(context) }

    private func take(_ part: HTTPServerRequestPart, _ context: ChannelHandlerContext)
        -> EventLoopFuture<Void>?
    {
        guard end == nil else { return nil }
        switch part {
        case .head(let head):
            begin(head, context)
            return nil
        case .body(let bytes): return take(bytes, context.eventLoop)
        case .end: return finish(context)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if end == nil { end = .failed("\(error)") }
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        queue.whenIdle { [self] in record.closed(number, end ?? .byPeer, isUnfinished: head != nil) }
        context.fireChannelInactive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard event is ReceiverStopping else { return context.fireUserInboundEventTriggered(event) }
        // Messages that have been accepted are answered first.
        queue.whenIdle { [self] in
            if end == nil { end = .closed }
            context.beneathTLS.close(promise: nil)
        }
    }

    private func begin(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        self.head = head
        taken = 0
        reader = FrameReader(limit: limit, detectsCounts: false)
        refusal = Self.refusal(of: head)
        let expects = head.headers[canonicalForm: "expect"].contains { $0.lowercased() == "100-continue" }
        if expects, refusal == nil {
            let proceed = HTTPResponseHead(version: head.version, status: .continue)
            context.writeAndFlush(wrapOutboundOut(.head(proceed)), promise: nil)
        }
    }

    private static func refusal(of head: HTTPRequestHead) -> Refusal? {
        guard head.method == .POST || head.method == .PUT else {
            return Refusal(status: .methodNotAllowed, message: "post lines to any path")
        }
        let encodings = head.headers[canonicalForm: "content-encoding"].filter {
            $0.lowercased() != "identity"
        }
        guard encodings.isEmpty else {
            return Refusal(status: .unsupportedMediaType, message: "send the body without compression")
        }
        return nil
    }

    private func take(_ bytes: ByteBuffer, _ loop: any EventLoop) -> EventLoopFuture<Void>? {
        guard refusal == nil else { return nil }
        var bytes = bytes
        var batch = ReceivedBatch()
        batch.bytesRead = bytes.readableBytes
        reader.append(&bytes)
        while let event = reader.next() { batch.add(event, connection: number, as: .http) }
        return take(batch, loop) {}
    }

    private func take(_ batch: ReceivedBatch, _ loop: any EventLoop, then: @escaping () -> Void)
        -> EventLoopFuture<Void>?
    {
        record.take(batch, on: number, loop) { [wanted = batch.messages.count] taken in
            self.taken += taken
            if taken < wanted {
                self.refusal = Refusal(
                    status: .serviceUnavailable,
                    message: "a line was not accepted; send all lines again"
                )
            }
            then()
        }
    }

    private func finish(_ context: ChannelHandlerContext) -> EventLoopFuture<Void>? {
        guard let head else { return nil }
        self.head = nil
        var batch = ReceivedBatch()
        if refusal == nil, let last = reader.finish() { batch.add(last, connection: number, as: .http) }
        return take(batch, context.eventLoop) { self.answer(head, context) }
    }

    private func answer(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        let body = ByteBuffer(
            string: refusal.map { #"{"error":"\#($0.message)"}"# } ?? #"{"received":\#(taken)}"#
        )
        var answer = HTTPResponseHead(version: head.version, status: refusal?.status ?? .ok)
        answer.headers.add(name: "Content-Type", value: "application/json")
        answer.headers.add(name: "Content-Length", value: String(body.readableBytes))
        if refusal?.status == .methodNotAllowed { answer.headers.add(name: "Allow", value: "POST, PUT") }
        let isLast = !head.isKeepAlive || refusal?.status == .serviceUnavailable
        if isLast { answer.headers.add(name: "Connection", value: "close") }
        context.write(wrapOutboundOut(.head(answer)), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
        let sent = context.writeAndFlush(wrapOutboundOut(.end(nil)))
        guard isLast else { return }
        if end == nil { end = .closed }
        sent.assumeIsolated().whenComplete { _ in context.close(promise: nil) }
    }
}

extension ChannelHandlerContext {
    /// From here a close bypasses the TLS handler, which would send close_notify and wait for an answer.
    var beneathTLS: ChannelHandlerContext {
        // On plain TCP there is no such handler.
        (try? pipeline.syncOperations.context(handlerType: NIOSSLServerHandler.self)) ?? self
    }
}
