import SpoolCore
import SpoolDaemon
import SpoolNetwork

/// Messages of a running command: on standard output, or, if that is reserved for JSON, on standard error and
/// only in interactive use.
struct CommandMessages {
    let isJSON: Bool

    func line(_ text: String) {
        if !isJSON { return Output.line(text) }
        if Output.isInteractive { Output.error(text) }
    }

    /// Asks a question on the terminal.
    func confirm(_ question: String) -> Bool {
        ask(question)
        return Self.isYes(readLine())
    }

    /// Asks on a terminal while the command may hold the spool.
    ///
    /// - Throws: when a daemon requests the spool before there is an answer, or when a signal is received.
    func confirm(_ question: String, at session: SpoolSession) async throws -> Bool {
        ask(question)
        let answer = try await withThrowingTaskGroup(of: String?.self) { group in
            group.addTask { try await BlockingCall.run { readLine() ?? "" } }
            group.addTask {
                await session.ending()
                return nil
            }
            defer { group.cancelAll() }
            return try await group.next() ?? nil
        }
        if let answer { return Self.isYes(answer) }
        if isJSON { Output.errorText("\n") } else { Output.line() }
        throw CommandFailure(
            .spoolUnavailable,
            "a daemon has started and taken over the spool; nothing was done"
        )
    }

    private func ask(_ question: String) {
        if isJSON { Output.errorText("\(question) [y/N] ") } else { Output.text("\(question) [y/N] ") }
    }

    private static func isYes(_ answer: String?) -> Bool { ["y", "yes"].contains(answer?.lowercased()) }
}
