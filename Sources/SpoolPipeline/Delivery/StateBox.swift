import SpoolCore
import Synchronization

/// A delivery loop's state, shared by the task that feeds a session and the one that settles.
final class StateBox: Sendable {
    private let state: Mutex<DeliveryState>
    /// Notified when something was settled, dropped or decided.
    let changed = Signal()

    init(_ state: DeliveryState) { self.state = Mutex(state) }

    func withLock<Result: Sendable>(_ body: (inout DeliveryState) -> Result) -> Result {
        state.withLock { body(&$0) }
    }
}
