import Logging
import SpoolCore
import SpoolPipeline
import SpoolStore
import Synchronization

/// The poison records noted by earlier runs; read once, on first use.
final class SharedPoisonGuard: Sendable {
    private let spool: Spool
    private let time: Clocks
    private let logger: Logger
    private let known = Mutex<PoisonGuard?>(nil)

    init(spool: Spool, time: Clocks, logger: Logger) {
        self.spool = spool
        self.time = time
        self.logger = logger
    }

    /// The process-wide crash watch.
    func watch() async throws(StoreError) -> PoisonGuard {
        if let known = known.withLock({ $0 }) { return known }
        let watch = try await PoisonGuard.begin(spool, time: time, logger: logger)
        return known.withLock { known in
            let first = known ?? watch
            known = first
            return first
        }
    }
}
