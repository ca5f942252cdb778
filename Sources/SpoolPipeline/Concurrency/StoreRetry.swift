package import Logging
package import SpoolCore

/// Retries operations of the spool that fail temporarily, because of a full disk or a blocking reader.
package struct StoreRetry: Sendable {
    let time: Clocks
    let logger: Logger
    /// Ends its waits.
    let bell: RetryBell?

    package init(time: Clocks, logger: Logger, bell: RetryBell? = nil) {
        self.time = time
        self.logger = logger
        self.bell = bell
    }

    /// Calls `body` until it succeeds, or until `stop` is requested or the task is cancelled.
    ///
    /// - Throws: an error that makes the spool unusable; a temporary error only after a stop or cancellation.
    package func callAsFunction<Value: Sendable>(
        _ what: String,
        stop: ShutdownRequest? = nil,
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
                // Jitter must not make the pause zero: an immediate retry does not help with a full disk.
                await wait(max(pause, .milliseconds(100)), stop: stop)
            }
        }
    }

    /// Waits until the time is up, the bell is rung, or `stop` is requested; also when the task is cancelled.
    func wait(_ duration: Duration, stop: ShutdownRequest?) async {
        let stops = stop.map { [SeenVersion($0)] } ?? []
        guard let bell else { return await time.wait(duration, or: stops) }
        await bell.whileWaiting { await time.wait(duration, or: stops + [$0]) }
    }
}

extension StoreError {
    /// True for a temporary error, after which a retry may succeed: a full disk or a blocking reader.
    var isPassing: Bool { kind == .full || kind == .busy }
}
