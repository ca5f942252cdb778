import NIOCore
import NIOHTTP1

/// One connection of a sender that posts lines: each line of a body is one message.
///
/// The response is sent after every line of the body has been handled; it is 503 if a line was refused.
final class HTTPReceiver: ReceiverHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    let record: ReceiverRecord
    private let limit: Int
    private var reader: FrameReader
    private var head: HTTPRequestHead?
    private var refusal: Refusal?
    private var taken = 0
    var number = 0
    var end: ReceivedConnection.End?
    let queue = InputQueue<HTTPServerRequestPart>()

    private struct Refusal {
        let status: HTTPResponseStatus
        let message: String
    }

    init(_ record: ReceiverRecord, limit: Int) {
        self.record = record
        self.limit = limit
        reader = FrameReader(limit: limit, detectsCounts: false)
    }

    var isUnfinished: Bool { head != nil }

    func take(_ part: HTTPServerRequestPart, _ context: ChannelHandlerContext)
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
