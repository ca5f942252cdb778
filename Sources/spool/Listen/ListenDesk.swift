import SpoolCore
import SpoolDaemon
import SpoolReceiver
import Synchronization

/// Takes messages from the listener's connections, prints and counts them.
///
/// It works under a lock on the connections' own threads: a terminal that is slow slows the senders down.
final class ListenDesk: Sendable {
    enum Form: Sendable { case line, compact, json, nothing }

    private struct State {
        var tally = ListenTally()
        var first: ContinuousClock.Instant?
        var last: ContinuousClock.Instant?
    }

    /// Given when the last wanted event has come.
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

    func take(_ message: ReceivedMessage) {
        let event = ReceivedEvent(message)
        let isLast = state.withLock { state in
            if let wanted, state.tally.events >= wanted { return false }
            let now = ContinuousClock.now
            state.first = state.first ?? now
            state.last = now
            state.tally.take(event)
            show(event)
            return state.tally.events == wanted
        }
        if isLast { done.notify() }
    }

    private func show(_ event: ReceivedEvent) {
        switch form {
        case .nothing: break
        case .line: Output.line(isTerminal ? event.line.withoutControls : event.line)
        case .compact:
            let text = ReceivedText(event).compact
            Output.line(isTerminal ? text.withoutControls : text)
        case .json:
            // Only numbers that JSON does not know can fail, and there are none.
            if let text = try? ReceivedText(event).json(at: SystemTime.now()) { Output.line(text) }
        }
    }
}

extension String {
    /// The text for a terminal, on which a sender's control characters must do nothing.
    var withoutControls: String {
        guard unicodeScalars.contains(where: { $0.properties.generalCategory == .control && $0 != "\t" })
        else {
            return self
        }
        return unicodeScalars.reduce(into: "") { text, scalar in
            if scalar.properties.generalCategory == .control, scalar != "\t" {
                text += "\\x" + (scalar.value < 16 ? "0" : "") + String(scalar.value, radix: 16)
            } else {
                text.unicodeScalars.append(scalar)
            }
        }
    }
}
