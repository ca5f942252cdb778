import Synchronization

/// Remembers whether a sink's receiver may close its own direction right after accepting a connection, and
/// keep reading.
///
/// Such an end looks like that of a receiver that has read everything and closed. The next connection
/// therefore waits for an early end before anything is written: an end during that time proves nothing about
/// lines.
final class EarlyEnd: Sendable {
    /// An end of the peer within this time after connecting may concern only its unused direction.
    let soon: Duration
    /// How long a connection waits for an early end.
    let listening: Duration
    /// How long to keep an idle connection that the peer ended before anything was written.
    ///
    /// The peer may have closed it, which only a write would show. If it were kept for longer, it would count
    /// as proof that the receiver is reachable (`DeliveryState.provedAt`).
    let unused: Duration

    private let seen = Mutex(false)

    init(
        soon: Duration = .seconds(1),
        listening: Duration = .milliseconds(250),
        unused: Duration = .seconds(10)
    ) {
        self.soon = soon
        self.listening = listening
        self.unused = unused
    }

    /// True when the peer ended the last connection soon after it was made, and lines had been written to it.
    var isSuspected: Bool { seen.withLock { $0 } }

    func note(_ wasEarly: Bool) { seen.withLock { $0 = wasEarly } }
}
