import SpoolStore
import Synchronization

/// Whether the daemon does its work: it fetches and sends, or would if the others were there.
///
/// A portal or a SIEM that is away changes nothing in that: they are states, and a drain must be possible while the
/// portal is down.
package final class Readiness: Sendable {
    private let isStopping = Mutex(false)

    package init() {}

    /// The daemon ends.
    package func stop() { isStopping.withLock { $0 = true } }

    /// Why it is not ready; nil when it is.
    func obstacle(_ pause: FetchPause?) -> String? {
        if isStopping.withLock({ $0 }) { return "the daemon is stopping" }
        return switch pause {
        case .disk: "fetching is paused, the disk is full"
        case .size: "fetching is paused, the spool has reached spool.retention.max_size"
        case nil: nil
        }
    }
}
