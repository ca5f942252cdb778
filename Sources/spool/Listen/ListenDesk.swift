import SpoolCore
import SpoolDaemon
import SpoolReceiver
import Synchronization

/// Takes messages from the listener's connections, prints and counts them.
///
/// A message counts once it has been printed. The listener hands over one after the other on a thread of its own, so a
/// terminal that is slow slows the senders down.
final class ListenDesk: Sendable {
    enum Form: Sendable { case line, compact, json, nothing }

    /// Refuses a message: what was asked for has come, or it cannot be printed.
    private struct Refusal: Error {}

    private struct State {
        var tally = ListenTally()
        var first: ContinuousClock.Instant?
        var last: ContinuousClock.Instant?
        var hasEnded = false
    }

    /// Given when the last wanted event has been printed, and when printing has failed.
    let done = Signal()
    private let form: Form
    private let wanted: Int?
    private let isTerminal: Bool
    private let state = Mutex(State())

    /// Ends after `wanted` events, if that is given; what comes after them is neither printed nor counted.
    init(_ form: Form, wanted: Int?, isTerminal: Bool) {
        self.form = form
        self.wanted = wanted
        self.isTerminal = isTerminal
    }

    /// What was counted, and the time between the first event and the last.
    var tally: (ListenTally, Duration) {
        state.withLock { state in
            guard let first = state.first, let last = state.last else { return (state.tally, .zero) }
            return (state.tally, first.duration(to: last))
        }
    }

    /// Prints and counts a message; called for one after the other.
    ///
    /// - Throws: when it was not printed; no later one is then.
    func take(_ message: ReceivedMessage) throws {
        guard !state.withLock({ $0.hasEnded }) else { throw Refusal() }
        let event = ReceivedEvent(message)
        // Outside of the lock: a terminal may take its time, and the tally is asked for meanwhile.
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

    /// Refuses all that comes from now on.
    func end() { state.withLock { $0.hasEnded = true } }

    private func show(_ event: ReceivedEvent) {
        switch form {
        case .nothing: break
        // Into a pipe or a file as it came; on a terminal a sender's control characters must do nothing.
        case .line where isTerminal: Output.line(event.line.printable)
        case .line: Output.raw((event.line + "\n").utf8)
        case .compact: Output.line(ReceivedText(event).compact.printable)
        case .json:
            // Only numbers that JSON does not know could fail, and there are none.
            if let text = try? ReceivedText(event).json(at: SystemTime.now()) { Output.line(text) }
        }
    }
}
