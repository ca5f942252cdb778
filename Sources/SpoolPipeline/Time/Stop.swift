package import SpoolCore
import Synchronization

/// "Come to an end": a request to a loop, made once, that wakes it wherever it waits.
///
/// It is not cancellation: a loop that is stopped finishes what it has begun and settles it.
package final class Stop: Sendable {
    private let isDue = Mutex(false)
    private let whole: Stop?
    /// Given once, when the end is asked for.
    package let signal = Signal()

    package init() { whole = nil }

    /// A stop of a part, which is asked for with the stop of the whole as well; `followWhole` then gives the signal.
    package init(partOf whole: Stop) { self.whole = whole }

    /// True once it has been asked for.
    package var isAsked: Bool { isDue.withLock { $0 } || whole?.isAsked == true }

    /// Asks for the end once that of the whole is asked for; returns then, or when the task is cancelled.
    package func followWhole() async {
        guard let whole else { return }
        await whole.asked()
        if whole.isAsked { ask() }
    }

    /// Asks for the end.
    package func ask() {
        let isFirst = isDue.withLock { isDue in
            defer { isDue = true }
            return !isDue
        }
        if isFirst { signal.notify() }
    }

    /// Returns once it has been asked for, or when the task is cancelled.
    package func asked() async { await signal.changed(after: 0) }
}
