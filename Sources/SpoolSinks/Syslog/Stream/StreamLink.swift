import Foundation
import NIOCore
import NIOSSL
import NIOTLS
import SpoolCore
import SpoolNetwork

/// The event loop's side of a stream: asks the kernel how far the peer is and decides what became of it.
///
/// Everything in it runs on the channel's event loop.
final class StreamLink: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private enum Phase {
        case opening, open, finishing, over
    }

    /// Done when lines may be written; fails with the library's error.
    let ready: EventLoopPromise<Void>
    private let channel: any Channel
    private let wire: WireHandler
    private let words: StreamWords
    private let isTLS: Bool
    private let endConfirmation: Duration
    private let early: EarlyEnd
    private let connected = ContinuousClock.now
    private let report: StreamReport
    private var tail: Tail
    private var phase = Phase.opening
    private var hasWritten = false
    /// The peer's FIN has come, and counts as its end of the connection.
    private var peerEnded = false
    /// The peer's FIN has come before anything was written: it may have no use for its direction and read all the same.
    ///
    /// If it has closed instead, it answers the next lines with a reset, and they are sent again.
    private var isOneWay = false
    /// The peer has closed TLS; its FIN should follow.
    private var peerSaidGoodbye = false
    private var answer = PeerAnswer()
    private var look: (at: ContinuousClock.Instant, task: Scheduled<Void>)?
    private var deadline: Scheduled<Void>?
    private var confirmation: Scheduled<Void>?

    init(channel: any Channel, wire: WireHandler, plan: StreamPlan, report: StreamReport) {
        self.channel = channel
        self.wire = wire
        self.report = report
        words = plan.words
        isTLS = plan.isTLS
        early = plan.early
        endConfirmation = plan.endConfirmation
        tail = Tail(grace: plan.grace, readAhead: plan.readAhead)
        ready = channel.eventLoop.makePromise()
        wire.onPeerEnd = { [weak self] in self?.peerDidEnd() }
    }

    /// Writes a batch's lines; a stream that the peer has ended takes none, they stay unsettled.
    func write(_ lines: ByteBuffer, of batch: SettledBatch, pool: BufferPool) {
        guard phase == .open, !peerEnded, !peerSaidGoodbye else { return report.wrote(batch.bytes) }
        let written = channel.eventLoop.makePromise(of: Void.self)
        let report = report
        written.futureResult.whenComplete { _ in
            pool.giveBack(lines)
            report.wrote(batch.bytes)
        }
        hasWritten = hasWritten || batch.bytes > 0
        channel.pipeline.syncOperations.writeAndFlush(NIOAny(lines), promise: written)
        // TLS encrypts while it is flushed, so all of the batch has passed the wire handler by now.
        tail.wrote(batch, end: wire.passed)
        lookSoon()
    }

    /// Half-closes and waits for the peer's end or the deadline, whichever is first.
    ///
    /// Not for the grace: what it settled may still lie unread in the peer's kernel, and after us nobody would hear of
    /// the reset that tells of it. A connection that carried nothing needs no end of the peer's.
    func finish(patience: Duration) {
        guard phase == .open else { return }
        phase = .finishing
        wire.holdsOpen = true
        channel.close(mode: .output, promise: nil)
        deadline?.cancel()
        deadline = after(patience) { $0.conclude($0.tail.isEmpty ? .unanswered : .patienceOver) }
        lookNow()
    }

    /// Closes at once.
    func close() { conclude(.closedHere) }

    /// Gives up waiting for the handshake.
    func timeOut() {
        if phase == .opening { conclude(.failed(isTLS ? HandshakeTimeout() : ChannelError.eof)) }
    }

    // MARK: Channel events

    func channelActive(context: ChannelHandlerContext) {
        // Where nobody listens on a loopback port that the kernel also gives to clients, a connection can meet
        // itself (a simultaneous open, RFC 9293 §3.5), and would take every line as its own receiver.
        if let own = channel.localAddress, own == channel.remoteAddress {
            return conclude(.failed(IOError(errnoCode: ECONNREFUSED, reason: "connected to itself")))
        }
        guard !isTLS else { return }
        if early.isSuspected {
            deadline = after(early.listening) { $0.becomeReady() }
        } else {
            becomeReady()
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .some(.handshakeCompleted) = event as? TLSUserEvent { becomeReady() }
        if case .some(.inputClosed) = event as? ChannelEvent, isTLS, !peerEnded {
            peerDidSayGoodbye()
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        answer.take(unwrapInboundIn(data))
        if !isTLS, answer.isForeign { conclude(.answered) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // The peer ended the stream without TLS's own goodbye: what that means, its end on the wire decides.
        if error as? NIOSSLError == .uncleanShutdown { return }
        conclude(.failed(error))
    }

    func channelInactive(context: ChannelHandlerContext) {
        conclude(.failed(ChannelError.eof))
    }

    /// Comes without `channelInactive` when a connection could not be made.
    func handlerRemoved(context: ChannelHandlerContext) {
        conclude(.failed(ChannelError.eof))
    }

    private func becomeReady() {
        guard phase == .opening else { return }
        phase = .open
        ready.succeed()
    }

    private func peerDidEnd() {
        if !hasWritten, !isTLS, answer.isEmpty, connected.duration(to: .now) < early.soon {
            isOneWay = true
            return becomeReady()
        }
        peerEnded = true
        lookNow()
    }

    /// Takes no more lines and waits for the peer's FIN or its reset, which tell whether it had read everything.
    ///
    /// A peer that closes right after its goodbye would answer ours with a reset; so ours goes only to one that
    /// turns out to wait for it.
    private func peerDidSayGoodbye() {
        guard phase == .open, !peerSaidGoodbye else { return }
        peerSaidGoodbye = true
        deadline = after(.milliseconds(250)) { link in
            guard !link.peerEnded else { return }
            link.wire.holdsOpen = true
            link.channel.close(promise: nil)
            link.deadline = link.after(.seconds(5)) { $0.conclude(.failed(ChannelError.eof)) }
        }
    }

    private func after(_ delay: Duration, _ body: @escaping (StreamLink) -> Void) -> Scheduled<Void> {
        channel.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(delay)) { [weak self] in
            if let self { body(self) }
        }
    }

    // MARK: Settling

    private func lookNow() {
        guard phase == .open || phase == .finishing else { return }
        guard let waiting = SocketQueue(channel).unacknowledged() else { return }
        settle(tail.observe(acknowledged: wire.passed - waiting, at: .now))
        if peerEnded, waiting == 0 {
            confirmEnd()
        } else if phase == .finishing, tail.isEmpty, !hasWritten {
            conclude(.finished)
        } else if phase == .finishing, tail.isEmpty, isOneWay {
            conclude(.oneWay)
        } else {
            lookSoon()
        }
    }

    /// Concludes when no reset has followed the peer's FIN for a moment: one that ends its direction first and
    /// then closes with unread data sends both.
    ///
    /// Once our direction has ended as well there is nothing left that a reset could be the answer to.
    private func confirmEnd() {
        if wire.holdsOpen { return concludeEnd() }
        guard confirmation == nil else { return }
        confirmation = after(endConfirmation) { $0.concludeEnd() }
    }

    private func concludeEnd() {
        conclude(SocketQueue(channel).hasFailed() ? .failed(ChannelError.eof) : .peerEnded)
    }

    /// Looks again while something is unsettled: often while acknowledgements are missing, else when the
    /// grace of the oldest batch is over.
    private func lookSoon() {
        guard phase != .over, !tail.isEmpty || peerEnded else { return }
        var next = ContinuousClock.now.advanced(by: .milliseconds(10))
        if !tail.awaitsAcknowledgement, !peerEnded, let due = tail.nextDue { next = max(due, .now) }
        // A look far ahead, at the end of a grace, must not keep a new batch waiting.
        if let look, look.at <= next { return }
        look?.task.cancel()
        let task = after(ContinuousClock.now.duration(to: next)) { link in
            link.look = nil
            link.lookNow()
        }
        look = (next, task)
    }

    private func settle(_ batches: [SettledBatch]) {
        if !batches.isEmpty { report.settled(batches) }
    }

    /// Ends the session once, with what became of it.
    private func conclude(_ end: StreamEnd) {
        defer { wire.closeNow() }
        guard phase != .opening else {
            phase = .over
            return ready.fail(end.error ?? CancellationError())
        }
        guard phase != .over else { return }
        let isFinishing = phase == .finishing
        phase = .over
        look?.task.cancel()
        deadline?.cancel()
        confirmation?.cancel()
        // A peer that talks back is no receiver of lines: its end proves nothing.
        let isProof = end.isPeerEnd && answer.isEmpty
        if isProof { settle(tail.concluded()) }
        if !isTLS, hasWritten {
            early.note(isOneWay || (end.isPeerEnd && connected.duration(to: .now) < early.soon))
        }
        let isUnclean = hasWritten && !isProof
        if isFinishing, tail.isEmpty, !isUnclean { return report.over(nil) }
        report.over(words.fault(end, answer: answer, isUnclean: isUnclean))
    }
}
