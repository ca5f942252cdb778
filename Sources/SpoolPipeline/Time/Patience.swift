package import Logging
package import SpoolCore

/// Repeats what the spool refuses for now, a full disk or a reader in the way, until it succeeds.
package struct Patience: Sendable {
    let time: Timekeeper
    let logger: Logger

    package init(time: Timekeeper, logger: Logger) {
        self.time = time
        self.logger = logger
    }

    /// Does `body` until it succeeds, or until `stop` is asked for or the task cancelled.
    ///
    /// - Throws: what makes the spool unusable; a passing error only when there was no time to wait it out.
    package func callAsFunction<Value: Sendable>(
        _ what: String,
        stop: Stop? = nil,
        _ body: @Sendable () async throws(StoreError) -> Value
    ) async throws(StoreError) -> Value {
        var failures = 0
        while true {
            do throws(StoreError) {
                return try await body()
            } catch {
                guard error.isPassing, stop?.isAsked != true, !Task.isCancelled else { throw error }
                failures += 1
                logger.log(
                    level: failures == 1 || failures.isMultiple(of: 20) ? .error : .debug,
                    "spool write deferred, retrying",
                    metadata: ["task": "\(what)", "cause": "\(error)", "attempt": "\(failures)"]
                )
                let pause = RetryPolicy.link.delay(afterFailures: failures, chance: time.chance())
                // A full disk is not freed by asking at once: chance may not make the pause nothing.
                await time.wait(max(pause, .milliseconds(100)), or: stop.map { [Watch($0)] } ?? [])
            }
        }
    }
}

extension StoreError {
    /// True for what may succeed later without anybody's doing: a full disk, a reader in the way.
    var isPassing: Bool { kind == .full || kind == .busy }
}
