/// Why a source did not answer a page.
package struct SourceFault: Error, Sendable, Equatable, CustomStringConvertible {
    /// What the fetch loop has to know of it.
    package enum Kind: Sendable, Equatable {
        /// 429: wait at least this long; nil when the source did not say.
        case throttled(Duration?)
        /// 401 after a refresh: "invalid token"; probed slowly.
        case invalidToken
        /// 403: the token lacks a permission for this stream; probed slowly.
        case forbidden
        /// 400: the source refuses the configured filters; probed slowly.
        case rejected
        /// The configured proxy refuses, does not resolve or wants other credentials.
        case invalidProxy
        /// Name, connection or certificate: backoff.
        case unreachable
        /// Time-out, truncation or reset in the middle of an answer: backoff, then smaller pages.
        case incomplete
        /// The body is larger than the cap: smaller pages.
        case tooLarge
        /// An answer that is not the API's (HTML, not JSON, the same page again), or 5xx: backoff.
        case nonsense
        /// The source cannot continue this scan: it begins again.
        case scanLost
        /// Nothing came, with the word that more follows, and not where: what the window holds is not known, and its
        /// scan not at an end. Backoff of that scan alone.
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
