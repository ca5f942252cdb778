import Foundation
package import SpoolPipeline
import Synchronization
import UnixSignals

/// A command was ended by a signal, and has released its resources.
package struct Interrupted: Error {
    /// SIGINT or SIGTERM.
    package let number: Int32

    /// Ends the process by the signal, as if it had not been trapped.
    package static func end(by number: Int32) {
        signal(number, SIG_DFL)
        kill(getpid(), number)
    }
}

/// Handles Ctrl-C and SIGTERM while a command holds a resource that it must release, such as an open spool.
package enum InterruptibleWork {
    /// Runs `body`, which acquires and releases the resource, and ends early once its argument is requested.
    ///
    /// Signals are trapped before `body` begins, so that none can arrive between the opening and the trap. A
    /// second signal ends the process immediately.
    ///
    /// - Throws: errors of `body`; `Interrupted` after a signal, whatever the result of `body`.
    package static func run<Result>(_ body: (ShutdownRequest) async throws -> Result) async throws -> Result {
        let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm)
        let interrupt = ShutdownRequest()
        let received = ReceivedSignal()
        // Cancelled and awaited when this function returns.
        async let _: Void = {
            for await signal in signals {
                let number = signal == .sigterm ? SIGTERM : SIGINT
                if !received.isFirst(number) { Interrupted.end(by: number) }
                interrupt.ask()
            }
        }()
        do {
            let result = try await body(interrupt)
            if let number = received.number { throw Interrupted(number: number) }
            return result
        } catch {
            throw received.number.map { Interrupted(number: $0) } ?? error
        }
    }
}

extension ShutdownRequest {
    /// Runs `body`, and cancels it once the stop is requested.
    ///
    /// - Throws: errors of `body`.
    package func ending<Value: Sendable>(
        _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        try await withThrowingTaskGroup(of: Value?.self) { group in
            group.addTask { try await body() }
            group.addTask {
                await self.asked()
                return nil
            }
            defer { group.cancelAll() }
            if let value = try await group.next() ?? nil { return value }
            group.cancelAll()
            // The error of the cancelled body is thrown here.
            guard let value = try await group.next() ?? nil else { throw CancellationError() }
            return value
        }
    }
}

/// Stores the first of several signals.
private final class ReceivedSignal: Sendable {
    private let first = Mutex<Int32?>(nil)

    var number: Int32? { first.withLock { $0 } }

    func isFirst(_ number: Int32) -> Bool {
        first.withLock { first in
            defer { first = first ?? number }
            return first == nil
        }
    }
}
