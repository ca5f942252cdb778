import Foundation
import SpoolCore
import SpoolDaemon
import UnixSignals

/// Handles Ctrl-C and SIGTERM while a command waits for work that continues without it, or uses a spool that
/// it holds.
enum Interruption {
    /// Waits for `body`; a signal during that time prints `notice` to standard error and then ends the
    /// process by the same signal.
    ///
    /// If the command holds the spool, `session` traps the signal and ends `body`, and the spool is closed
    /// first.
    static func telling<Result: Sendable>(
        _ notice: String,
        at session: SpoolSession? = nil,
        during body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        if let session, session.isStandalone {
            return try await waiting(body) {
                await session.interrupted()
                if session.isInterrupted { show(notice) }
            }
        }
        let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm)
        return try await waiting(body) {
            for await signal in signals {
                show(notice)
                Interrupted.end(by: signal == .sigterm ? SIGTERM : SIGINT)
            }
        }
    }

    private static func waiting<Result: Sendable>(
        _ body: @escaping @Sendable () async throws -> Result,
        beside other: @escaping @Sendable () async -> Void
    ) async throws -> Result {
        try await withThrowingTaskGroup(of: Result?.self) { group in
            group.addTask {
                await other()
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

    private static func show(_ notice: String) {
        // On a terminal a progress line may be unfinished.
        Output.stopWaiting()
        if Output.isTerminal { Output.line() }
        Output.error(notice)
    }
}
