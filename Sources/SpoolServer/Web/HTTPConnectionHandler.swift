import Hummingbird
import NIOCore
import NIOHTTP1

/// One connection: assembles a request within its limits, hands it over, and writes the response before it
/// accepts the next request.
///
/// While a request is being answered, nothing is read from the socket, and parts that were read already are
/// queued. Every state has a deadline, except while the daemon processes a request.
final class HTTPConnectionHandler: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    private enum State {
        case waiting
        case receiving(HTTPRequestHead, ByteBuffer)
        /// The daemon processes the request, or the response is being written.
        case answering(HTTPRequestHead)
        case closing
    }

    private let number: Int
    private let limits: HTTPLimits
    private let connections: HTTPConnections
    /// Receives a complete request; returns false if the server does not answer it.
    private let handOver: (HTTPRequestHead, ByteBuffer, any Channel, HTTPConnectionHandler) -> Bool
    private var state = State.waiting
    /// Parts of further requests: at most those from one read of the socket.
    private var queue = CircularBuffer<HTTPServerRequestPart>()
    private var isReadPending = false
    /// No request follows the one in progress: the client has shut down its side or sent invalid HTTP, or the
    /// server is stopping.
    private var isLast = false
    private var deadline: Scheduled<Void>?
    private var context: ChannelHandlerContext?

    init(
        number: Int,
        limits: HTTPLimits,
        connections: HTTPConnections,
        handOver: @escaping (HTTPRequestHead, ByteBuffer, any Channel, HTTPConnectionHandler) -> Bool
    ) {
        self.number = number
        self.limits = limits
        self.connections = connections
        self.handOver = handOver
    }

    // MARK: Requests

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        close(after: limits.requestTime)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        deadline?.cancel()
        state = .closing
        self.context = nil
        connections.left(number)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let part = unwrapInboundIn(data)
        if isBusy { queue.append(part) } else { take(part) }
    }

    func read(context: ChannelHandlerContext) {
        if isBusy { isReadPending = true } else { context.read() }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        // A client that has shut down its side after the request still reads the response.
        case ChannelEvent.inputClosed: finish()
        case is ChannelShouldQuiesceEvent:
            queue.removeAll()
            finish()
        default: context.fireUserInboundEventTriggered(event)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard error is HTTPParserError else { return close() }
        switch state {
        case .waiting, .receiving: write(HTTPAnswer(.badRequest), toHead: false)
        case .answering: isLast = true
        case .closing: break
        }
    }

    private var isBusy: Bool {
        switch state {
        case .waiting, .receiving: false
        case .answering, .closing: true
        }
    }

    /// No request follows: closes the connection now, or after the response in progress.
    private func finish() {
        isLast = true
        if !isBusy { close() }
    }

    private func take(_ part: HTTPServerRequestPart) {
        guard let context else { return }
        switch (part, state) {
        case (.head(let head), .waiting):
            state = .receiving(head, ByteBuffer())
            close(after: limits.requestTime)
        case (.body(var bytes), .receiving(let head, var body)):
            guard body.readableBytes + bytes.readableBytes <= limits.bodyBytes else {
                return write(HTTPAnswer(.payloadTooLarge), toHead: head.method == .HEAD)
            }
            body.writeBuffer(&bytes)
            state = .receiving(head, body)
        case (.end, .receiving(let head, let body)):
            deadline?.cancel()
            state = .answering(head)
            connections.answering(number)
            if !handOver(head, body, context.channel, self) { close() }
        default: close()
        }
    }

    // MARK: Responses

    /// Writes the response to the request that was handed over; call it on the event loop of the connection.
    func answer(_ answer: HTTPAnswer) {
        guard case .answering(let head) = state else { return }
        if !head.isKeepAlive {
            isLast = true
            queue.removeAll()
        }
        write(answer, toHead: head.method == .HEAD, isLast: isLast && queue.isEmpty)
    }

    private func write(_ answer: HTTPAnswer, toHead: Bool, isLast: Bool = true) {
        guard let context else { return }
        if isLast { state = .closing }
        close(after: limits.answerTime)
        let written = context.eventLoop.makePromise(of: Void.self)
        let handler = NIOLoopBound(self, eventLoop: context.eventLoop)
        written.futureResult.whenComplete { handler.value.wrote($0) }
        context.write(wrapOutboundOut(.head(answer.head(closes: isLast))), promise: nil)
        if answer.body.readableBytes > 0, !toHead {
            context.write(wrapOutboundOut(.body(.byteBuffer(answer.body))), promise: nil)
        }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: written)
    }

    /// The response has been passed to the kernel: accepts the next request.
    ///
    /// Not earlier: responses to a client that sends requests and reads nothing would accumulate here.
    private func wrote(_ result: Result<Void, any Error>) {
        guard case .success = result, case .answering = state, let context else { return close() }
        state = .waiting
        connections.waiting(number)
        close(after: limits.idleTime)
        while !isBusy, let part = queue.popFirst() { take(part) }
        guard !isBusy else { return }
        if isLast { return close() }
        guard isReadPending else { return }
        isReadPending = false
        context.read()
    }

    private func close() {
        state = .closing
        context?.close(promise: nil)
    }

    private func close(after time: TimeAmount) {
        deadline?.cancel()
        guard let context else { return }
        let handler = NIOLoopBound(self, eventLoop: context.eventLoop)
        deadline = context.eventLoop.scheduleTask(in: time) { handler.value.close() }
    }
}
