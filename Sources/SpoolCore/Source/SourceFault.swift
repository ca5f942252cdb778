/// Why a source returned no page.
package struct SourceFault: Error, Sendable, Equatable, CustomStringConvertible {
    /// How the fetch loop has to react.
    package enum Kind: Sendable, Equatable {
        /// 429: wait at least this long; nil when the source gave no time.
        case throttled(Duration?)
        /// 401 after a refresh: "invalid token"; probed slowly.
        case invalidToken
        /// 403: the token lacks a permission for this stream; probed slowly.
        case forbidden
        /// 400: the source refuses the configured filters; probed slowly.
        case rejected
        /// The configured proxy refuses, does not resolve or requires other credentials.
        case invalidProxy
        /// Name, connection or certificate: backoff.
        case unreachable
        /// Timeout, truncation or reset during an answer: backoff, then smaller pages.
        case incomplete
        /// The body exceeds the limit: smaller pages.
        case tooLarge
        /// An answer that is not the API's (HTML, not JSON, the same page again), or 5xx: backoff.
        case nonsense
        /// The source cannot continue this scan: the scan restarts.
        case scanLost
        /// An empty page that claims more data but gives no continuation.
        ///
        /// The content of the window is unknown, and its scan is incomplete. Backoff of that scan only.
        case unended
    }

    package let kind: Kind
    /// What happened, to what, and what to do; no secret and no event content.
    package let description: String

    package init(_ kind: Kind, _ description: String) {
        self.kind = kind
        self.description = description
    }
}
