/// A fault of a whole sink, never of a single event.
package struct SinkFault: Error, Sendable, Equatable, CustomStringConvertible {
    /// How the delivery loop has to react.
    package enum Kind: Sendable, Equatable {
        /// Down, refused, reset or timed out: backoff, indefinitely.
        case unreachable
        /// The receiver asked to wait at least this long.
        case throttled(Duration)
        /// Wrong credentials, certificate or index: the sink is held and probed slowly.
        case misconfigured
    }

    package let kind: Kind
    /// True when the connection ended after bytes were written and the receiver did not close it cleanly.
    ///
    /// Rows with evidence `kernel` whose bytes may still be unread in the receiver's kernel are then doubtful
    /// (`KernelDoubt`).
    package let isUnclean: Bool
    /// What happened, to what, and what to do, in one or two sentences; no event content.
    package let description: String

    package init(_ kind: Kind, isUnclean: Bool = false, _ description: String) {
        self.kind = kind
        self.isUnclean = isUnclean
        self.description = description
    }
}
