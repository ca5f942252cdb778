import Dispatch
import NIOCore

/// Passes messages to the handler in order, on a separate thread.
///
/// A handler that blocks, such as a slow terminal, therefore blocks no event loop.
final class MessageTaker: Sendable {
    private let queue = DispatchQueue(label: "spool.receiver.taker")
    private let take: @Sendable (ReceivedMessage) throws -> Void

    init(_ take: @escaping @Sendable (ReceivedMessage) throws -> Void) { self.take = take }

    /// Passes messages of one connection to the handler.
    ///
    /// - Returns: The number of accepted messages: all, or those before the first one that was refused.
    func take(_ messages: [ReceivedMessage], on loop: any EventLoop) -> EventLoopFuture<Int> {
        let promise = loop.makePromise(of: Int.self)
        queue.async { [take] in
            var taken = 0
            for message in messages {
                // The handler reports why it refused the message.
                guard (try? take(message)) != nil else { break }
                taken += 1
            }
            promise.succeed(taken)
        }
        return promise.futureResult
    }
}
