import NIOCore

/// Input that one connection has read and not handled yet.
///
/// While messages are being handled, nothing more is handled or read. Memory is limited to one read, and the
/// sender is slowed down.
final class InputQueue<Input> {
    /// Handles one input; returns a future if that takes time.
    typealias Handle = (Input) -> EventLoopFuture<Void>?

    private var waiting = CircularBuffer<Input>()
    /// True while an input is handled, even if that takes no time: input that arrives meanwhile, such as the
    /// request that follows an answered one, waits for its turn.
    private var isBusy = false
    private var wantsRead = false
    private var whenDone: [() -> Void] = []

    /// Handles an input, immediately or after the previous ones.
    func add(_ input: Input, _ context: ChannelHandlerContext, _ handle: @escaping Handle) {
        waiting.append(input)
        if !isBusy { proceed(context, handle) }
    }

    /// Forwards a read request, immediately or when everything has been handled.
    func read(_ context: ChannelHandlerContext) {
        if isBusy { wantsRead = true } else { context.read() }
    }

    /// Calls `body` once everything that was read has been handled; used at the end of a connection.
    func whenIdle(_ body: @escaping () -> Void) {
        if isBusy { whenDone.append(body) } else { body() }
    }

    private func proceed(_ context: ChannelHandlerContext, _ handle: @escaping Handle) {
        isBusy = true
        while let input = waiting.popFirst() {
            guard let pending = handle(input) else { continue }
            pending.assumeIsolated().whenComplete { _ in self.proceed(context, handle) }
            return
        }
        isBusy = false
        if wantsRead {
            wantsRead = false
            context.read()
        }
        let done = whenDone
        whenDone = []
        for body in done { body() }
    }
}
