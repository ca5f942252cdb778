import Synchronization

/// Remembers over the connections of a sink whether its receiver may be one that ends its own, unused direction right after
/// it has accepted a connection, and reads on.
///
/// Such an end looks like that of a receiver that has read what it was sent and closed. So the next connection listens for
/// it before anything is written: an end that comes then says nothing of lines.
final class EarlyEnd: Sendable {
    /// An end of the peer that comes so soon after the connection was made may be one of an unused direction.
    let soon: Duration
    /// How long a connection listens for it.
    let listening: Duration

    private let seen = Mutex(false)

    init(soon: Duration = .seconds(1), listening: Duration = .milliseconds(250)) {
        self.soon = soon
        self.listening = listening
    }

    /// True when the last connection was ended by the peer soon after it was made, with lines on it.
    var isSuspected: Bool { seen.withLock { $0 } }

    func note(_ wasEarly: Bool) { seen.withLock { $0 = wasEarly } }
}
