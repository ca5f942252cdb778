package import SpoolCore
import Synchronization

/// A request to a loop to end, which is made once and wakes the loop from any wait.
///
/// It is not a cancellation: a stopped loop completes and settles what it has started.
package final class ShutdownRequest: Sendable {
    private let isDue = Mutex(false)
    private let whole: ShutdownRequest?
    /// Notified once, when the stop is requested.
    package let signal = ChangeSignal()

    package init() { whole = nil }

    /// Creates a stop for a part, which is also requested by the stop of the whole.
    ///
    /// `followWhole` must be called for `signal` to be notified then.
    package init(partOf whole: ShutdownRequest) { self.whole = whole }

    /// True once it has been requested.
    package var isAsked: Bool { isDue.withLock { $0 } || whole?.isAsked == true }

    /// Requests the stop once that of the whole is requested; returns then, or when the task is cancelled.
    package func followWhole() async {
        guard let whole else { return }
        await whole.asked()
        if whole.isAsked { ask() }
    }

    /// Requests the stop.
    package func ask() {
        let isFirst = isDue.withLock { isDue in
            defer { isDue = true }
            return !isDue
        }
        if isFirst { signal.notify() }
    }

    /// Returns once it has been requested, or when the task is cancelled.
    package func asked() async { await signal.changed(after: 0) }
}
