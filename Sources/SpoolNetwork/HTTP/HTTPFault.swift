/// Why a request got no whole answer.
package struct HTTPFault: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Kind: Sendable, Equatable {
        /// Name, connection or TLS: nothing was sent.
        case unreachable
        /// The proxy cannot be reached, refuses, or wants other credentials.
        case proxy
        /// The answer did not come in time, or broke off.
        case incomplete
        /// What came is no HTTP.
        case nonsense
        /// The body is larger than the cap; the answer holds its first bytes.
        case tooLarge(beginning: HTTPAnswer)
        /// The task was cancelled.
        case cancelled
    }

    package let kind: Kind
    /// What happened, to what, and what to do; no secret.
    package let description: String

    package init(_ kind: Kind, _ description: String) {
        self.kind = kind
        self.description = description
    }
}
