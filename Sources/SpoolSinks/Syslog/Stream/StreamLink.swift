import Foundation
import NIOCore
import NIOSSL
import NIOTLS
import SpoolCore
import SpoolNetwork

/// The event loop's side of a stream: queries the kernel for acknowledgements and settles batches.
///
/// Everything in it runs on the channel's event loop.
final class StreamLink: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private enum Phase {
        case opening, open, finishing, over
    }

    /// Succeeds when lines may be written; fails with the library's error.
    let ready: EventLoopPromise<Void>
    private let channel: any Channel
    private let wire: WireHandler
    private let words: StreamWords
    private let isTLS: Bool
    private let endConfirmation: Duration
    private let early: EarlyEnd
    private let connected = ContinuousClock.now
    private let report: StreamReport
    private var tail: UnsettledWindow
    private var phase = Phase.opening
    private var hasWritten = false
    /// The peer's FIN has arrived and counts as its end of the connection.
    private var peerEnded = false
    /// The peer's FIN arrived before anything was written: it may have closed only its unused direction and
    /// still read.
    ///
    /// If it has closed the connection instead, it answers the next lines with a reset, and they are sent
    /// again.
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
        tail = UnsettledWindow(grace: plan.grace, readAhead: plan.readAhead)
        ready = channel.eventLoop.makePromise()
        wire.onPeerEnd = { [weak self] in self?.peerDidEnd() }
    }

    /// Writes a batch's lines; if the peer has ended the stream, they stay unsettled.
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
        // TLS encrypts during the flush, so the whole batch has passed the wire handler by now.
        tail.wrote(batch, end: wire.passed)
        lookSoon()
    }

    /// Half-closes and waits for the peer's end or the deadline, whichever comes first.
    ///
    /// It does not stop at the end of the grace period: settled bytes may still be unread in the peer's
    /// kernel, and a reset that reports this would be missed after closing. A connection that carried nothing
    /// does not wait for the peer.
    func finish(timeout: Duration) {
        guard phase == .open else { return }
        phase = .finishing
        wire.holdsOpen = true
        channel.close(mode: .output, promise: nil)
        deadline?.cancel()
        deadline = after(timeout) { $0.conclude($0.tail.isEmpty ? .unanswered : .timedOut) }
        lookNow()
    }

    /// Closes immediately.
    func close() { conclude(.closedHere) }

    /// Gives up waiting for the handshake.
    func timeOut() {
        if phase == .opening { conclude(.failed(isTLS ? HandshakeTimeout() : ChannelError.eof)) }
    }

    // MARK: Channel events

    func channelActive(context: ChannelHandlerContext) {
        // If nothing listens on a loopback port that the kernel also assigns to clients, a connection can
        // connect to itself (a simultaneous open, RFC 9293 §3.5), and would accept every line as its own
        // receiver.
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
        // The peer ended the stream without a TLS close_notify; its end on the wire decides what that means.
        if error as? NIOSSLError == .uncleanShutdown { return }
        conclude(.failed(error))
    }

    func channelInactive(context: ChannelHandlerContext) {
        conclude(.failed(ChannelError.eof))
    }

    /// Called without `channelInactive` when a connection could not be made.
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
            deadline?.cancel()
            deadline = after(early.unused) { if !$0.hasWritten { $0.takePeerEnd() } }
            return becomeReady()
        }
        takePeerEnd()
    }

    private func takePeerEnd() {
        peerEnded = true
        lookNow()
    }

    /// Accepts no more lines and waits for the peer's FIN or reset, which show whether it had read
    /// everything.
    ///
    /// A peer that closes right after its close_notify would answer ours with a reset. Therefore ours is sent
    /// only to a peer that turns out to wait for it.
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

    /// Ends the session after a short wait for a reset.
    ///
    /// A peer that closes its direction first and then closes with unread data sends a FIN and a reset. Once
    /// the local direction has ended as well, no reset can follow.
    private func confirmEnd() {
        if wire.holdsOpen { return concludeEnd() }
        guard confirmation == nil else { return }
        confirmation = after(endConfirmation) { $0.concludeEnd() }
    }

    private func concludeEnd() {
        conclude(SocketQueue(channel).hasFailed() ? .failed(ChannelError.eof) : .peerEnded)
    }

    /// Schedules the next check while something is unsettled: soon while acknowledgements are missing,
    /// otherwise at the end of the oldest batch's grace period.
    private func lookSoon() {
        guard phase != .over, !tail.isEmpty || peerEnded else { return }
        var next = ContinuousClock.now.advanced(by: .milliseconds(10))
        if !tail.awaitsAcknowledgement, !peerEnded, let due = tail.nextDue { next = max(due, .now) }
        // A check that is scheduled for the end of a grace period must not delay a new batch.
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

    /// Ends the session once.
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
        // A peer that sends data is not a receiver of lines: its end proves nothing.
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
