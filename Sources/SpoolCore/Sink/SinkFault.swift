/// A fault of a whole sink; never an event's fault.
package struct SinkFault: Error, Sendable, Equatable, CustomStringConvertible {
    /// What the delivery loop has to know of it.
    package enum Kind: Sendable, Equatable {
        /// Down, refused, reset, timed out: backoff, without end.
        case unreachable
        /// Asked to wait at least this long.
        case throttled(Duration)
        /// Wrong credentials, certificate or index: the sink is held and probed slowly.
        case misconfigured
    }

    package let kind: Kind
    /// True when the connection ended after bytes were written and the receiver did not close it cleanly: rows of
    /// evidence `kernel` whose bytes may still lie unread in the receiver's kernel are then doubtful (`KernelDoubt`).
    package let isUnclean: Bool
    /// What happened, to what, and what to do; one sentence or two, no event content.
    package let description: String

    package init(_ kind: Kind, isUnclean: Bool = false, _ description: String) {
        self.kind = kind
        self.isUnclean = isUnclean
        self.description = description
    }
}
