import Foundation
import SpoolCore
import UnixSignals

/// Handles Ctrl-C and SIGTERM while a command waits for work that continues without it.
enum Interruption {
    /// Waits for `body`; a signal during that time prints `notice` to standard error and then ends the
    /// process by the same signal.
    static func telling<Result: Sendable>(
        _ notice: String,
        during body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm)
        return try await withThrowingTaskGroup(of: Result?.self) { group in
            group.addTask {
                for await signal in signals {
                    // On a terminal a progress line may be unfinished.
                    Output.stopWaiting()
                    if Output.isTerminal { Output.line() }
                    Output.error(notice)
                    end(by: signal == .sigterm ? SIGTERM : SIGINT)
                }
                return nil
            }
            group.addTask { try await body() }
            defer { group.cancelAll() }
            while let result = try await group.next() {
                if let result { return result }
            }
            throw CancellationError()
        }
    }

    private static func end(by number: Int32) {
        signal(number, SIG_DFL)
        kill(getpid(), number)
    }
}
