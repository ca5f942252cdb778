import SpoolCore
import SpoolDaemon
import SpoolReceiver
import Synchronization

/// Receives messages from the listener's connections, prints and counts them.
///
/// A message counts once it has been printed. The listener passes messages one after the other on a separate
/// thread, so a slow terminal slows down the senders.
final class EventPrinter: Sendable {
    enum Form: Sendable { case line, compact, json, nothing }

    /// Rejects a message: all wanted events have arrived, or it cannot be printed.
    private struct Refusal: Error {}

    private struct State {
        var tally = ListenTally()
        var first: ContinuousClock.Instant?
        var last: ContinuousClock.Instant?
        var hasEnded = false
    }

    /// Notified when the last wanted event has been printed, and when printing has failed.
    let done = ChangeSignal()
    private let form: Form
    private let wanted: Int?
    private let isTerminal: Bool
    private let state = Mutex(State())

    /// Ends after `wanted` events, if given; later events are neither printed nor counted.
    init(_ form: Form, wanted: Int?, isTerminal: Bool) {
        self.form = form
        self.wanted = wanted
        self.isTerminal = isTerminal
    }

    /// The counts, and the time between the first event and the last.
    var tally: (ListenTally, Duration) {
        state.withLock { state in
            guard let first = state.first, let last = state.last else { return (state.tally, .zero) }
            return (state.tally, first.duration(to: last))
        }
    }

    /// Prints and counts a message; never called concurrently.
    ///
    /// - Throws: if it was not printed; no later message is printed then.
    func take(_ message: ReceivedMessage) throws {
        guard !state.withLock({ $0.hasEnded }) else { throw Refusal() }
        let event = ReceivedEvent(message)
        // Outside of the lock: a terminal may be slow, and the tally may be read meanwhile.
        show(event)
        let isPrinted = Output.isOpen
        let hasEnded = state.withLock { state in
            guard isPrinted else {
                state.hasEnded = true
                return true
            }
            let now = ContinuousClock.now
            state.first = state.first ?? now
            state.last = now
            state.tally.take(event)
            state.hasEnded = state.hasEnded || state.tally.events == wanted
            return state.hasEnded
        }
        if hasEnded { done.notify() }
        if !isPrinted { throw Refusal() }
    }

    /// Rejects all later messages.
    func end() { state.withLock { $0.hasEnded = true } }

    private func show(_ event: ReceivedEvent) {
        switch form {
        case .nothing: break
        // Unchanged into a pipe or a file; on a terminal control characters are escaped.
        case .line where isTerminal: Output.line(event.line.printable)
        case .line: Output.raw((event.line + "\n").utf8)
        case .compact: Output.line(ReceivedText(event).compact.printable)
        case .json:
            // Encoding could fail only for numbers that JSON does not support, and there are none.
            if let text = try? ReceivedText(event).json(at: SystemTime.now()) { Output.line(text) }
        }
    }
}
