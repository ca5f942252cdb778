import Synchronization

/// Remembers whether a sink's receiver may close its own direction right after accepting a connection, and
/// keep reading.
///
/// Such an end looks like that of a receiver that has read everything and closed. The next connection
/// therefore waits for an early end before anything is written: an end that comes then proves nothing about
/// lines.
final class EarlyEnd: Sendable {
    /// An end of the peer within this time after connecting may concern only its unused direction.
    let soon: Duration
    /// How long a connection waits for an early end.
    let listening: Duration
    /// How long a connection that the peer has ended before anything was written is kept while nothing is written.
    ///
    /// The peer may have closed it, which only a write would show. Kept for longer, it would count as a proof that the
    /// receiver is there (`DeliveryState.proof`).
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
