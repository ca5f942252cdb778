import NIOCore

/// An answer and the way it is sent, which may be a bad one.
struct Answer: Sendable {
    enum Delivery: Sendable, Equatable {
        case whole
        case hangUp
        /// Half the body, then the connection is reset.
        case reset
        /// Half the body, then the connection is closed.
        case truncated(Fault.Truncation)
        /// Half the body, a wait, the other half.
        case stall(seconds: Double)
    }

    var status: Int
    var reason: String?
    var contentType = "application/json"
    var headers: [(name: String, value: String)] = []
    var body: ByteBuffer
    var delivery: Delivery = .whole
    /// Real time to wait before anything is sent.
    var delaySeconds: Double = 0

    init(_ status: Int, json: JSONValue) {
        self.status = status
        body = ByteBuffer(bytes: json.bytes)
    }

    init(_ status: Int, json bytes: [UInt8]) {
        self.status = status
        body = ByteBuffer(bytes: bytes)
    }

    init(_ status: Int, html: String) {
        self.status = status
        contentType = "text/html"
        body = ByteBuffer(string: "<html><body>\(html)</body></html>")
    }

    static func detail(_ status: Int, _ text: String) -> Answer {
        Answer(status, json: .object(["detail": .string(text)]))
    }

    static func refused(_ error: FieldError) -> Answer {
        Answer(400, json: error.body)
    }

    static func throttled(seconds: Int, _ retryAfter: Fault.RetryAfter, now: Int64) -> Answer {
        var answer = detail(429, "Request was throttled. Expected available in \(seconds) seconds.")
        answer.reason = "TOO MANY REQUESTS"
        switch retryAfter {
        case .absent: break
        case .seconds(let wait):
            answer.headers.append(("Retry-After", String(wait)))
        case .date(let wait):
            answer.headers.append(("Retry-After", CalendarText(milliseconds: now + Int64(wait) * 1000).http))
        }
        return answer
    }
}
