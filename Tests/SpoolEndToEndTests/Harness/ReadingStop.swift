import SpoolReceiver
import Synchronization

/// Stops a receiver from reading at a certain message, on its own event loop: a test that is notified of the
/// message could stop it too late, when everything has been read.
final class ReadingStop: Sendable {
    private struct State {
        var receiver: Receiver?
        var left = 0
    }

    private let state = Mutex(State())

    /// A listener that stores ids and can be stopped in this way, with a small receive buffer: data that it
    /// does not read stays with the sender.
    var configuration: ReceiverConfiguration {
        var configuration = ReceiverConfiguration.keeping()
        configuration.receiveBuffer = 64 << 10
        configuration.onMessage = { [self] _ in came() }
        return configuration
    }

    /// Stops the receiver from reading after `count` more messages.
    func stop(_ receiver: Receiver, afterMessages count: Int) {
        state.withLock { $0 = State(receiver: receiver, left: count) }
    }

    private func came() {
        let receiver: Receiver? = state.withLock { state in
            guard state.receiver != nil else { return nil }
            state.left -= 1
            guard state.left == 0 else { return nil }
            defer { state.receiver = nil }
            return state.receiver
        }
        receiver?.setReading(false)
    }
}
