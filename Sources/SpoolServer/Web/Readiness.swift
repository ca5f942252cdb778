import SpoolStore
import Synchronization

/// Whether the daemon is ready: it fetches and sends, or would if the portal and the SIEMs were reachable.
///
/// An unreachable portal or SIEM does not make it unready: these are states, and a drain must be possible
/// while the portal is down.
package final class Readiness: Sendable {
    private let isStopping = Mutex(false)

    package init() {}

    /// Marks the daemon as stopping.
    package func stop() { isStopping.withLock { $0 = true } }

    /// Why the daemon is not ready; nil if it is ready.
    func obstacle(_ pause: FetchPause?) -> String? {
        if isStopping.withLock({ $0 }) { return "the daemon is stopping" }
        return switch pause {
        case .disk: "fetching is paused, the disk is full"
        case .size: "fetching is paused, the spool has reached spool.retention.max_size"
        case nil: nil
        }
    }
}
