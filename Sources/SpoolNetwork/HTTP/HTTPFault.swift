/// Why a request got no complete answer.
package struct HTTPFault: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Kind: Sendable, Equatable {
        /// Name, connection or TLS: nothing was sent.
        case unreachable
        /// The proxy is unreachable, refuses, or requires other credentials.
        case proxy
        /// The answer did not arrive in time, or was truncated.
        case incomplete
        /// The answer is not HTTP.
        case nonsense
        /// The body is larger than the limit; the answer contains its first bytes.
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
