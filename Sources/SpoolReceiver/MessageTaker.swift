import Dispatch
import NIOCore

/// Hands messages over in order, on a thread of its own: a taker that blocks, as a slow terminal does, blocks no event
/// loop.
final class MessageTaker: Sendable {
    private let queue = DispatchQueue(label: "spool.receiver.taker")
    private let take: @Sendable (ReceivedMessage) throws -> Void

    init(_ take: @escaping @Sendable (ReceivedMessage) throws -> Void) { self.take = take }

    /// Hands over messages of one connection.
    ///
    /// - Returns: how many were taken: all, or those before the first that was refused.
    func take(_ messages: [ReceivedMessage], on loop: any EventLoop) -> EventLoopFuture<Int> {
        let promise = loop.makePromise(of: Int.self)
        queue.async { [take] in
            var taken = 0
            for message in messages {
                // Why it was refused is the taker's to report.
                guard (try? take(message)) != nil else { break }
                taken += 1
            }
            promise.succeed(taken)
        }
        return promise.futureResult
    }
}
