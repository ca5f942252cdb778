import NIOPosix
import SpoolCore
import Synchronization

/// A call that blocks its thread and cannot be cancelled, such as `getaddrinfo`.
package enum BlockingCall {
    private final class Answer<Value: Sendable>: Sendable {
        let result = Mutex<Result<Value, any Error>?>(nil)
    }

    /// Runs `body` on a thread of NIO's pool and returns what it returns.
    ///
    /// A cancelled task stops waiting immediately. The call then ends on its own, and its result is
    /// discarded.
    ///
    /// - Throws: the error of `body`, or `CancellationError`.
    package static func run<Value: Sendable>(
        _ body: @escaping @Sendable () throws -> Value
    ) async throws -> Value {
        let (answer, done) = (Answer<Value>(), ChangeSignal())
        NIOThreadPool.singleton.submit { state in
            let result = Result { () throws -> Value in
                guard case .active = state else { throw CancellationError() }
                return try body()
            }
            answer.result.withLock { $0 = result }
            done.notify()
        }
        await done.changed(after: 0)
        guard let result = answer.result.withLock({ $0 }) else { throw CancellationError() }
        return try result.get()
    }
}
