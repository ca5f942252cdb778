import SpoolConfig
package import SpoolControl
package import SpoolCore
import Synchronization

/// The requested reloads and the outcome of the last one.
///
/// Requests are numbered. One reload answers all requests that were made before it started.
package final class Reloads: Sendable {
    /// A refused reload, which changed nothing.
    package struct Refusal: Sendable, Equatable {
        /// The time of the refusal, by the local clock.
        package let at: Timestamp
        /// The cause for the operator, as one line without a final full stop.
        package let cause: String
        /// All problems, each with its position in the file.
        package let problems: [String]

        /// - Parameters:
        ///   - error: the error that prevented the reload; of several problems, `cause` names the first.
        ///   - path: the file.
        ///   - at: the local time.
        package init(_ error: any Error, path: String, at: Timestamp) {
            self.at = at
            let problems = (error as? ConfigurationFault)?.problems ?? []
            guard let first = problems.first else {
                cause = PrintableText.escaped("\(error)")
                self.problems = [cause]
                return
            }
            self.problems = problems.map {
                PrintableText.escaped("\(path):\($0.line):\($0.column): \($0.message)")
            }
            let others =
                problems.count == 1 ? "" : " (and \(Count.text(problems.count - 1, "other problem")))"
            cause = PrintableText.escaped("\(path):\(first.line):\(first.column): \(first.message)") + others
        }
    }

    /// The outcome of a reload.
    package struct Outcome: Sendable, Equatable {
        /// Nil if the reload was carried out.
        package var refusal: Refusal?
        package var changes: [ReloadReport.Change] = []
        /// Warnings about the new configuration.
        package var warnings: [String] = []

        package init(
            refusal: Refusal? = nil,
            changes: [ReloadReport.Change] = [],
            warnings: [String] = []
        ) {
            self.refusal = refusal
            self.changes = changes
            self.warnings = warnings
        }
    }

    private struct State {
        var asked = 0
        var done = 0
        var last = Outcome()
        var isStopped = false
    }

    package init() {}

    private let state = Mutex(State())
    /// Notified when a reload is requested, when it ends, and on shutdown.
    package let changed = ChangeSignal()

    /// The last reload's refusal; nil after a start and after a reload that was carried out.
    package var refusal: Refusal? { state.withLock { $0.last.refusal } }

    /// True once the daemon shuts down: a running reload must be abandoned.
    package var isStopped: Bool { state.withLock { $0.isStopped } }

    /// Takes requests again after `stop`: the daemon has not shut down, but opened its spool again.
    package func resume() { state.withLock { $0.isStopped = false } }

    /// Requests a reload.
    ///
    /// - Returns: the number of this request, for `outcome`.
    @discardableResult
    package func ask() -> Int {
        let number = state.withLock { state in
            state.asked += 1
            return state.asked
        }
        changed.notify()
        return number
    }

    /// Waits for a request that no reload has answered yet.
    ///
    /// - Returns: the number to pass to `finish`; nil when the daemon shuts down or the task is cancelled.
    package func next() async -> Int? {
        while !Task.isCancelled {
            let version = changed.version
            let (number, isStopped) = state.withLock { ($0.asked > $0.done ? $0.asked : nil, $0.isStopped) }
            if isStopped { return nil }
            if let number { return number }
            await changed.changed(after: version)
        }
        return nil
    }

    /// Records the end of a reload that answers every request up to this number.
    package func finish(_ number: Int, _ outcome: Outcome) {
        state.withLock { state in
            state.done = number
            state.last = outcome
        }
        changed.notify()
    }

    /// Waits for the reload that answers a request.
    ///
    /// - Returns: its outcome, or the outcome of a later reload that has ended meanwhile.
    /// - Throws: `CancellationError` if the daemon shuts down or the task is cancelled before that.
    package func outcome(of number: Int) async throws -> Outcome {
        while true {
            let version = changed.version
            let (isDone, isStopped, last) = state.withLock { ($0.done >= number, $0.isStopped, $0.last) }
            if isDone { return last }
            guard !isStopped, !Task.isCancelled else { throw CancellationError() }
            await changed.changed(after: version)
        }
    }

    /// Marks the daemon as shutting down: no further reload starts.
    package func stop() {
        state.withLock { $0.isStopped = true }
        changed.notify()
    }
}
