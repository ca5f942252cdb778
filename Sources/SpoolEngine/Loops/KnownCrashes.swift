import Logging
import SpoolCore
import SpoolPipeline
import SpoolStore
import Synchronization

/// The poison records noted by earlier runs; read once, on first use.
final class KnownCrashes: Sendable {
    private let spool: Spool
    private let time: Timekeeper
    private let logger: Logger
    private let known = Mutex<CrashWatch?>(nil)

    init(spool: Spool, time: Timekeeper, logger: Logger) {
        self.spool = spool
        self.time = time
        self.logger = logger
    }

    /// The process-wide crash watch.
    func watch() async throws(StoreError) -> CrashWatch {
        if let known = known.withLock({ $0 }) { return known }
        let watch = try await CrashWatch.begin(spool, time: time, logger: logger)
        return known.withLock { known in
            let first = known ?? watch
            known = first
            return first
        }
    }
}
