import Foundation
import SpoolPipeline
import Synchronization
import UnixSignals

/// A command was ended by a signal, and has given back what it held.
package struct Interrupted: Error {
    /// SIGINT or SIGTERM.
    package let number: Int32

    /// Ends the process as the signal would have done if it had not been trapped.
    package static func end(by number: Int32) {
        signal(number, SIG_DFL)
        kill(getpid(), number)
    }
}

/// Ctrl-C and SIGTERM while a command holds what it has to give back, such as an open spool.
enum InterruptibleWork {
    /// Does `body`, which opens what is to be given back, gives it back, and ends early once its argument is asked for.
    ///
    /// Signals are trapped before `body` begins, so that none can come between the opening and the trap. A second signal
    /// ends the process immediately.
    ///
    /// - Throws: what `body` throws; `Interrupted` when a signal came, whatever `body` came to.
    static func run<Result>(_ body: (Stop) async throws -> Result) async throws -> Result {
        let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm)
        let interrupt = Stop()
        let received = ReceivedSignal()
        // Cancelled and awaited when this returns.
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

extension Stop {
    /// Does `body`, and cancels it once the stop is asked for.
    ///
    /// - Throws: what `body` throws then.
    func ending<Value: Sendable>(
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
            // What it was broken off with says so.
            guard let value = try await group.next() ?? nil else { throw CancellationError() }
            return value
        }
    }
}

/// The first signal of several.
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
