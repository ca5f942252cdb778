package import SpoolCore
import Synchronization

/// "Come to an end": a request to a loop, made once, that wakes it wherever it waits.
///
/// It is not cancellation: a loop that is stopped finishes what it has begun and settles it.
package final class Stop: Sendable {
    private let asked = Mutex(false)
    package let signal = Signal()

    package init() {}

    /// True once it has been asked for.
    package var isAsked: Bool { asked.withLock { $0 } }

    /// Asks for the end.
    package func ask() {
        asked.withLock { $0 = true }
        signal.notify()
    }
}
