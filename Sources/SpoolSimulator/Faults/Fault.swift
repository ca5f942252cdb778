/// One thing that can go wrong with an answer.
package enum Fault: Sendable, Equatable {
    /// 429, with or without a `Retry-After`.
    case throttled(RetryAfter)
    /// Any status with an HTML body, as gateways send it.
    case status(Int)
    /// A bad token, whatever was sent.
    case unauthorized
    /// 403 for a tenant without a licence. What the portal really says then is not published; the word is an
    /// inference.
    case unlicensed
    /// The connection is reset in the middle of the body.
    case reset
    /// The connection is closed without an answer.
    case hangUp
    /// Half of the body arrives.
    case truncated(Truncation)
    /// 200 and JSON's content type, but no JSON.
    case notJSON
    /// 200 and an HTML page.
    case htmlPage
    /// The answer begins only after this many seconds of real time.
    case slow(seconds: Double)
    /// The body stops halfway for this many seconds of real time.
    case stall(seconds: Double)
    /// No records, yet `hasNext` is true.
    case emptyPageWithNext
    /// `hasNext` is true, and a scan's `nextQueryFilters` are missing.
    case missingNextFilters
    /// Newest first, whatever was asked.
    case descending
    /// The stream's previous page again.
    case samePage
    /// Half the records that the limit allows.
    case shortPage
    /// Twice the records that the limit allows.
    case longPage
    /// Every record of the page grows by this many bytes.
    case bloated(bytesPerRecord: Int)
    /// One record of the page lacks its `_id`.
    case recordWithoutID
    /// One record of the page has a number for its `_id` and a string for its `timestamp`.
    case oddTypes
    /// One record of the page holds bytes that are no UTF-8.
    case invalidUTF8

    /// How a 429 says when to come back.
    package enum RetryAfter: Sendable, Equatable {
        case absent
        case seconds(Int)
        case date(afterSeconds: Int)
    }

    /// How half a body is sent.
    package enum Truncation: String, Sendable {
        /// `Content-Length` announces all of it, then the connection closes.
        case declared
        /// Chunks without the last one, then the connection closes.
        case chunked
        /// Neither length nor chunks: the end of the connection is the end of the body.
        case unmarked
        /// `Content-Length` fits the half, so that only the JSON is cut.
        case consistent
    }

    /// True if the fault is about the records of a list.
    var concernsPages: Bool {
        switch self {
        case .emptyPageWithNext, .missingNextFilters, .descending, .samePage, .shortPage, .longPage, .bloated,
            .recordWithoutID, .oddTypes, .invalidUTF8:
            true
        default: false
        }
    }

    /// True if the client cannot have read the page's records.
    var spoilsPage: Bool {
        switch self {
        case .reset, .truncated, .notJSON, .htmlPage: true
        default: false
        }
    }
}
