import Hummingbird
import NIOCore
import NIOHTTP1

/// One connection: puts a request together within its limits, hands it over, and writes its answer before it takes the
/// next one.
///
/// While a request is answered nothing is read from the socket; what had been read with it waits. Every state has a
/// deadline except the one in which the daemon itself is at work.
final class HTTPConnectionHandler: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    private enum State {
        case waiting
        case receiving(HTTPRequestHead, ByteBuffer)
        /// The daemon is at work, or the client takes the answer.
        case answering(HTTPRequestHead)
        case closing
    }

    private let number: Int
    private let limits: HTTPLimits
    private let connections: HTTPConnections
    /// Takes a whole request; false when the server no longer answers.
    private let handOver: (HTTPRequestHead, ByteBuffer, any Channel, HTTPConnectionHandler) -> Bool
    private var state = State.waiting
    /// Parts of the next requests: no more than came with one read of the socket.
    private var queue = CircularBuffer<HTTPServerRequestPart>()
    private var isReadPending = false
    /// Nothing follows the request under way: the client has shut its side down, sent what is no HTTP, or the server stops.
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

    // MARK: What comes

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
        // A client that has shut its side down after the request still reads the answer.
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

    /// Nothing follows: closes the connection now, or after the answer under way.
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

    // MARK: What goes

    /// Writes the answer to the request that was handed over; to be called on the connection's event loop.
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

    /// The kernel has the answer: the next request is let in.
    ///
    /// Not before: a client that sends requests and reads no answer would have the answers pile up here.
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
