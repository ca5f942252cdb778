import Foundation
import SpoolCore
import UnixSignals

/// Ctrl-C and SIGTERM while a command waits for what goes on without it.
enum Interruption {
    /// Waits for `body`; a signal meanwhile shows `notice` on standard error and then ends the process, as the signal
    /// would have done without this.
    static func telling<Result: Sendable>(
        _ notice: String,
        during body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm)
        return try await withThrowingTaskGroup(of: Result?.self) { group in
            group.addTask {
                for await signal in signals {
                    // A terminal may be in the middle of a line that is drawn again and again.
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
