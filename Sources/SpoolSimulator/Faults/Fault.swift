/// A fault of a response.
package enum Fault: Sendable, Equatable {
    /// 429, with or without a `Retry-After`.
    case throttled(RetryAfter)
    /// Any status with an HTML body, as sent by gateways.
    case status(Int)
    /// A response for an invalid token, regardless of the token sent.
    case unauthorized
    /// 403 for a tenant without a licence.
    ///
    /// The portal's actual response is not published; the text is an assumption.
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
    /// The response starts only after this many seconds of real time.
    case slow(seconds: Double)
    /// The body pauses halfway for this many seconds of real time.
    case stall(seconds: Double)
    /// No records, yet `hasNext` is true.
    case emptyPageWithNext
    /// `hasNext` is true, and a scan's `nextQueryFilters` are missing.
    case missingNextFilters
    /// Newest first, regardless of the request.
    case descending
    /// The stream's previous page again.
    case samePage
    /// Half of the records that the limit allows.
    case shortPage
    /// Twice the records that the limit allows.
    case longPage
    /// Every record of the page grows by this many bytes.
    case bloated(bytesPerRecord: Int)
    /// One record of the page lacks its `_id`.
    case recordWithoutID
    /// One record of the page has a number as `_id` and a string as `timestamp`.
    case oddTypes
    /// One record of the page contains bytes that are not valid UTF-8.
    case invalidUTF8

    /// How a 429 specifies when to retry.
    package enum RetryAfter: Sendable, Equatable {
        case absent
        case seconds(Int)
        case date(afterSeconds: Int)
    }

    /// How half a body is sent.
    package enum Truncation: String, Sendable {
        /// `Content-Length` announces the whole body, then the connection closes.
        case declared
        /// Chunks without the last one, then the connection closes.
        case chunked
        /// Neither length nor chunks: the end of the connection ends the body.
        case unmarked
        /// `Content-Length` matches the half, so that only the JSON is cut.
        case consistent
    }

    /// True if the fault affects the records of a list.
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
